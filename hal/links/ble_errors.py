"""What went wrong below a Bluetooth connection, in the words of `hal.device`. Loads bleak: see `hal.links.ble`."""

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from dbus_fast import DBusFastError

from hal.device import HalError, LinkBusy, LinkDenied, LinkLost, LinkNotFound, NoAnswer, Refused

FAILURES = (BleakError, DBusFastError, OSError, EOFError, TimeoutError, AssertionError, KeyError)
"""What bleak and the D-Bus library below it raise; the last two where the service's objects vanish meanwhile."""

NEAR = "switch it on, charge it, bring it near"
SERVICE_DOWN = ("ServiceUnknown", "NameHasNoOwner", "Spawn.", "NoReply", "Disconnected")
DENIED = ("AccessDenied", "NotAuthorized", "AuthFailed", "InteractiveAuthorizationRequired")
BUSY = ("InProgress", "le-connection-abort-by-local", "Busy", "ConnectionAttemptFailed")
GONE = ("UnknownObject", "DoesNotExist", "NotConnected", "Not connected", "UnknownMethod")


def explain(error: BaseException, peripheral: str) -> HalError:
    """`error` in a therapist's words; `peripheral` is how the device is configured."""
    if isinstance(error, HalError):
        return error
    if isinstance(error, BleakBluetoothNotAvailableError):
        return _unavailable(error)
    if isinstance(error, BleakGATTProtocolError):
        return Refused(f"{peripheral} refused: {error}", remedy="is it the right device, in the right mode?")
    if isinstance(error, BleakCharacteristicNotFoundError):
        return Refused(
            f"{peripheral} lacks characteristic {error.char_specifier}",
            remedy="another kind of device: correct the address",
        )
    if isinstance(error, BleakDeviceNotFoundError):
        return not_seen(peripheral)
    if isinstance(error, BleakDBusError):
        return answered(f"{error.dbus_error} {error.dbus_error_details or ''}".strip(), peripheral)
    if isinstance(error, TimeoutError):
        return NoAnswer(f"{peripheral} does not answer", remedy=NEAR)
    if isinstance(error, PermissionError):
        return _denied()
    if isinstance(error, OSError | EOFError | DBusFastError):
        return LinkNotFound(
            "the box's Bluetooth service cannot be reached", remedy="restart the box, or call the technician"
        )
    if isinstance(error, BleakError) and "adapter" in str(error):
        return LinkNotFound(f"Bluetooth {error}", remedy="plug in the Bluetooth adapter, or correct the address")
    return LinkLost(f"connection to {peripheral} ended: {str(error) or type(error).__name__}", remedy=NEAR)


def not_seen(peripheral: str) -> LinkNotFound:
    """No scan found it."""
    return LinkNotFound(f"{peripheral} is not in reach", remedy=f"{NEAR}; no phone or tablet may be connected to it")


def service_silent() -> NoAnswer:
    """The Bluetooth service hangs."""
    return NoAnswer(
        "the box's Bluetooth service does not answer", remedy="wait a minute, restart the box, or call the technician"
    )


def _unavailable(error: BleakBluetoothNotAvailableError) -> HalError:
    reasons = BleakBluetoothNotAvailableReason
    if error.reason is reasons.POWERED_OFF:
        return switched_off()
    if error.reason in (reasons.DENIED_BY_SYSTEM, reasons.DENIED_BY_USER, reasons.DENIED_BY_UNKNOWN):
        return _denied()
    if error.reason is reasons.NO_BLE_CENTRAL_ROLE:
        return LinkNotFound("the Bluetooth adapter is too old for such sensors", remedy="use another Bluetooth adapter")
    return LinkNotFound("this box has no Bluetooth adapter", remedy="plug in the Bluetooth adapter")


def answered(answer: str, peripheral: str) -> HalError:
    """What the Bluetooth service, or the bus in its place, answered."""
    if any(word in answer for word in SERVICE_DOWN):
        return LinkNotFound(
            "the box's Bluetooth service is not running",
            remedy="wait a minute, restart the box, or call the technician",
        )
    if any(word in answer for word in DENIED):
        return _denied()
    if "NotReady" in answer:
        return switched_off()
    if any(word in answer for word in BUSY):
        return LinkBusy(
            f"Bluetooth is busy: {answer}",
            remedy="wait; if it lasts, unplug the Bluetooth adapter and plug it in again",
        )
    if any(word in answer for word in GONE):
        return LinkLost(f"{peripheral} is gone", remedy=NEAR)
    return NoAnswer(f"{peripheral} cannot be connected: {answer}", remedy=NEAR)


def _denied() -> LinkDenied:
    return LinkDenied("no permission to use Bluetooth", remedy="the technician adds this user to the group bluetooth")


def switched_off() -> LinkDenied:
    """The adapter is there and off."""
    return LinkDenied("Bluetooth is switched off", remedy="the technician switches it on (bluetoothctl power on)")
