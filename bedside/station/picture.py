"""Assembles the snapshot each role is shown: the visit's picture, and the state of the box around it."""

from collections.abc import Iterable
from dataclasses import dataclass

from bedside.events import Role
from bedside.snapshot import DeviceAttention, DeviceLine, Line, Snapshot, Watcher
from bedside.station.attached import Client
from bedside.visit.inputs import Now, Person
from bedside.visit.state import Visit
from bedside.visit.view import picture
from hal.device import Attention, Device, Vitals

TELLING = frozenset({"stimulator", "current"})
"""Devices whose readings and remarks may tell an assessor of a treatment."""


@dataclass(frozen=True, slots=True)
class Box:
    """What is true of the station whatever the visit does."""

    software: str
    simulated: frozenset[str]
    speed: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The box's changing parts at the moment of a snapshot."""

    n: int
    person: Person | None
    clients: tuple[Client, ...]
    devices: tuple[Device, ...]
    recent: tuple[Line, ...]
    recording: str
    disk_free_bytes: int | None
    clock: str
    unsent: int | None
    now_s: float


def snapshot(state: Visit, box: Box, around: Surroundings, now: Now, role: Role) -> Snapshot:
    """The whole picture for one role; nothing of the arm is in it for a role that must not know."""
    visit = picture(state, now, role)
    hidden = TELLING if role == "assess" else frozenset()
    devices = [device for device in around.devices if device.role not in hidden]
    person = around.person
    controller = next((client for client in around.clients if client.controls), None)
    return Snapshot(
        n=around.n,
        mono_ns=now.mono_ns,
        utc=now.utc,
        software=box.software,
        simulated=bool(box.simulated),
        speed=box.speed,
        user=f"{person.name} ({person.profession})" if person is not None else "",
        controller=controller.id if controller is not None else "",
        participant=visit.participant,
        study=visit.study,
        visit="" if role == "assess" and not state.assesses else visit.visit,
        session=visit.session,
        side=visit.side,
        signed=visit.signed,
        closed=visit.closed,
        step=visit.step,
        checklist=visit.checklist,
        hunt=visit.hunt,
        run=visit.run,
        current=visit.current,
        robot=visit.robot,
        kind=visit.kind,
        assess=visit.assess,
        points=visit.points,
        alarms=visit.alarms,
        silenced=sum(alarm.silenced_s is not None for alarm in visit.alarms),
        prompt=visit.prompt,
        interruption=visit.interruption,
        devices=device_lines(devices, box.simulated, now, box.speed),
        watchers=watchers(around.clients, around.now_s),
        recording=around.recording,
        disk_free_gb=None if around.disk_free_bytes is None else around.disk_free_bytes / 1e9,
        clock=around.clock,
        unsent=around.unsent,
        recent=around.recent,
    )


def device_lines(
    devices: Iterable[Device], simulated: frozenset[str], now: Now, speed: float = 1.0
) -> tuple[DeviceLine, ...]:
    """One line per device; the age of the last byte heard is in real seconds, whatever the speed of visit time."""
    return tuple(_line(device, device.name in simulated, now, speed) for device in devices)


def _line(device: Device, simulated: bool, now: Now, speed: float) -> DeviceLine:
    health, vitals = device.health, _vitals(device)
    return DeviceLine(
        name=device.name,
        role=device.role,
        address=device.address,
        state=health.state,
        age_s=_age_s(health.last_heard_ns, now, speed),
        simulated=simulated,
        error=health.error,
        remedy=health.remedy,
        dropped=health.dropped,
        reconnects=health.reconnects,
        battery_pct=vitals.battery_pct,
        rssi_dbm=vitals.rssi_dbm,
        rate_hz=vitals.rate_hz,
        received=vitals.received,
        lost=vitals.lost,
        clock_offset_ms=vitals.clock_offset_ms,
        clock_drift_ppm=vitals.clock_drift_ppm,
        clock_spread_ms=vitals.clock_spread_ms,
        attention=tuple(DeviceAttention(what=part.what, remedy=part.remedy) for part in vitals.attention),
        notes=vitals.notes,
        last_error=health.last_error,
        last_error_age_s=_age_s(health.last_error_ns, now, speed),
    )


def _vitals(device: Device) -> Vitals:
    """What the device tells of itself; a driver that breaks over it is told, and takes no other device's picture."""
    try:
        return device.vitals
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises
        what = f"its driver cannot say how it is: {type(error).__name__}: {error}"
        return Vitals(attention=(Attention(what, "report this to whoever wrote its driver"),))


def _age_s(at_ns: int | None, now: Now, speed: float) -> float | None:
    return None if at_ns is None else max(0.0, (now.mono_ns - at_ns) / 1e9 / speed)


def watchers(clients: Iterable[Client], now_s: float) -> tuple[Watcher, ...]:
    """Everybody attached, so that the kiosk shows who looks on."""
    return tuple(
        Watcher(
            client=client.id,
            role=client.role,
            user=client.user,
            controls=client.controls,
            since_s=now_s - client.joined_s,
        )
        for client in clients
    )
