"""What simulated people do and may ask: the commands of the control channel.

Therapist and patient move the coil, press panels, contract muscles; a test asks for the truth. Nothing here exists on
a real device.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from hal.sim.patient.sway import Stander
from hal.sim.patient_hands import PatientHands, Reply, number


class Hands(PatientHands):
    """Carries out commands on a world. Every public method is a command, its keywords are its arguments."""

    def answer(self, request: object) -> Reply:
        """The reply to one request `{"do": NAME, ARGUMENT: VALUE, …}`: `ok` and results, or `ok` false and `error`."""
        try:
            command, arguments = _parse(request)
            return {"ok": True, **self._call(command, arguments)}
        except (ValueError, TypeError) as error:
            return {"ok": False, "error": str(error)}

    def _elsewhere(self, name: str) -> object:
        if name not in self._world.also:
            raise ValueError(f"no far end {name!r} is here; here: {', '.join(self._world.also) or 'none'}")
        return self._world.also[name]

    def _call(self, command: str, arguments: dict[str, Any]) -> Reply:
        methods = commands()
        if command not in methods:
            raise ValueError(f"no command {command!r}; valid: {', '.join(methods)}")
        method = getattr(self, command)
        try:
            inspect.signature(method).bind(**arguments)
        except TypeError as error:
            raise ValueError(f"{command}: {error}") from error
        result: Reply = method(**arguments)
        return result

    def coil(
        self,
        x_cm: float | None = None,
        y_cm: float | None = None,
        rotation_deg: float | None = None,
        tilt_deg: float | None = None,
        contact: bool | None = None,
    ) -> Reply:
        """Hold the coil elsewhere; what is left out stays."""
        patient = self._world.patient
        numbers = {"x_cm": x_cm, "y_cm": y_cm, "rotation_deg": rotation_deg, "tilt_deg": tilt_deg}
        given = {name: number(name, value) for name, value in numbers.items() if value is not None}
        patient.coil = replace(
            patient.coil, **given, contact=patient.coil.contact if contact is None else bool(contact)
        )
        return asdict(patient.coil)

    def contract(self, rms_uv: float, seconds: float = 5.0, muscles: tuple[str, ...] = ()) -> Reply:
        """Contract the named muscles, all by default."""
        self._world.patient.contract(self._world.clock.now_s(), seconds, rms_uv, tuple(muscles))
        return {}

    def relax(self) -> Reply:
        """End every contraction."""
        self._world.patient.relax(self._world.clock.now_s())
        return {}

    def panel(
        self, enabled: bool | None = None, amplitude_pct_mso: int | None = None, page: int | None = None
    ) -> Reply:
        """Use the stimulator's front panel."""
        core = self._world.core
        if amplitude_pct_mso is not None:
            core.panel_amplitude(int(amplitude_pct_mso))
        if page is not None:
            core.panel_page(int(page))
        if enabled is not None:
            (core.enable if enabled else core.disable)()
        self._world.stimulator.step()
        return {}

    def foot_switch(self) -> Reply:
        """One pulse by the foot switch, if the stimulator is enabled."""
        self._world.stimulator.step()
        self._world.core.trigger(self._world.clock.now_s())
        self._world.stimulator.step()
        return {"total": self._world.core.state.total_pulses}

    def robot(
        self,
        action: str,
        speed_kmh: float = 1.2,
        body_weight_support_kg: float = 25.0,
        assist_pct: float = 80.0,
    ) -> Reply:
        """Use the robot's panel: fit, stand, walk, stop, e_stop, release, off."""
        gait = self._world.gait
        gait.advance(self._world.clock.now_s())
        buttons: dict[str, Callable[[], None]] = {
            "fit": lambda: gait.fit(body_weight_support_kg, assist_pct),
            "stand": gait.stand,
            "walk": lambda: gait.walk(speed_kmh),
            "stop": gait.stop,
            "e_stop": gait.press_e_stop,
            "release": gait.release_e_stop,
            "off": gait.switch_off,
        }
        if action not in buttons:
            raise ValueError(f"robot: no action {action!r}; valid: {', '.join(buttons)}")
        buttons[action]()
        return {"phase": gait.phase.name.lower(), "speed_kmh": gait.speed_kmh}

    def treadmill(self, name: str, action: str) -> Reply:
        """Use the own panel of the treadmill `name`: start, stop, slower; pull_key, return_key where it has a key."""
        buttons = getattr(self._elsewhere(name), "buttons", None)
        if not isinstance(buttons, dict):
            raise TypeError(f"treadmill: {name} is no treadmill")
        if action not in buttons:
            raise ValueError(f"treadmill: no action {action!r}; valid: {', '.join(buttons)}")
        self._world.gait.advance(self._world.clock.now_s())
        buttons[action]()
        return {"phase": self._world.gait.phase.name.lower(), "speed_kmh": self._world.gait.speed_kmh}

    def button(self, name: str, pressed: bool = True) -> Reply:
        """Press or release the switch of the far end `name`: an emergency stop, a foot switch."""
        press = getattr(self._elsewhere(name), "press", None)
        if press is None:
            raise ValueError(f"button: {name} has no switch")
        press(bool(pressed))
        return {"name": name, "pressed": bool(pressed)}

    def plate(
        self,
        name: str,
        on: bool | None = None,
        x_cm: float | None = None,
        y_cm: float | None = None,
        mass_kg: float | None = None,
    ) -> Reply:
        """Step on or off the plate `name`, shift the weight there (cm right, front), or put a dead mass on it."""
        stander = getattr(self._elsewhere(name), "stander", None)
        if not isinstance(stander, Stander):
            raise TypeError(f"plate: {name} is no plate")
        place = tuple(number("x_cm, y_cm", value or 0.0) for value in (x_cm, y_cm))
        if mass_kg is not None:
            stander.put(number("mass_kg", mass_kg), *place)
        elif x_cm is not None or y_cm is not None:
            stander.lean(*place)
        if on is not None:
            (stander.step_on if on else stander.step_off)()
        return stander.at(self._world.clock.now_s())._asdict()

    def bluetooth(self, action: str) -> Reply:
        """Do to the simulated Bluetooth service: off, on (its adapter), die (a crash), return."""
        if not self._world.bus:
            raise ValueError("bluetooth: this world has none")
        from hal.sim.bluetooth import bluez  # noqa: PLC0415 - a world without Bluetooth needs no D-Bus library

        return {"alive": bluez.radio(self._world.bus).mishap(action)}

    def fault(self, spec: str) -> Reply:
        """Add a fault; its time counts from now."""
        return {"spec": self._world.add_fault(spec).spec}

    def clear_faults(self) -> Reply:
        """End every fault that has begun."""
        self._world.faults.clear(self._world.clock.now_s())
        return {}

    def faults(self) -> Reply:
        """Every fault asked for, and when it first acted (simulated s, null: not yet)."""
        return {
            "faults": [
                {"spec": f.spec, "kind": f.kind.name, "fired_at_s": f.fired_at_s, "strikes": f.strikes}
                for f in self._world.faults.all
            ]
        }

    def truth(self, muscle: str = "TA left", criterion_uv: float = 50.0) -> Reply:
        """The true resting threshold of a muscle at its hotspot and where the coil is held (null: out of reach)."""
        patient = self._world.patient
        here = patient.threshold_pct_mso(muscle, criterion_uv, here=True)
        chosen = patient.muscles[patient.column(muscle)]
        return {
            "muscle": muscle,
            "true_rmt_pct_mso": round(patient.threshold_pct_mso(muscle, criterion_uv), 3),
            "here_rmt_pct_mso": round(here, 3) if math.isfinite(here) else None,
            "hotspot_cm": chosen.hotspot_cm,
            "latency_ms": chosen.latency_ms,
        }

    def pulses(self, since: int = 0) -> Reply:
        """All pulses the coil gave, from number `since` + 1 on, and how many since power-on."""
        return {"total": len(self._world.pulses), "pulses": [asdict(pulse) for pulse in self._world.pulses[since:]]}

    def status(self) -> Reply:
        """The world at a glance."""
        world = self._world
        stimulator = world.core.state
        return {
            "seed": world.seed,
            "speed": world.clock.speed,
            "now_s": world.clock.now_s(),
            "addresses": world.addresses,
            "channels": world.patient.names,
            "coil": asdict(world.patient.coil),
            "stimulator": {
                "enabled": stimulator.enabled,
                "running": stimulator.running,
                "amplitude_pct_mso": stimulator.amplitude_a,
                "temperature_c": world.core.heat.temperature_c(world.clock.now_s()),
                "total_pulses": stimulator.total_pulses,
                "ignored_commands": world.core.ignored,
            },
            "emg": {"samples_sent": world.emg.samples_sent, "rejected_configs": world.emg.rejected_configs},
            "robot": {"phase": world.gait.phase.name.lower(), "speed_kmh": world.gait.speed_kmh},
        }


def commands() -> dict[str, str]:
    """Every command with its first line of explanation."""
    methods = inspect.getmembers(Hands, inspect.isfunction)
    return {
        name: (inspect.getdoc(method) or "").splitlines()[0]
        for name, method in methods
        if not name.startswith("_") and name != "answer"
    }


def _parse(request: object) -> tuple[str, dict[str, Any]]:
    if not isinstance(request, dict) or not isinstance(request.get("do"), str):
        raise TypeError('a request is an object with "do": the command\'s name')
    return request["do"], {str(key): value for key, value in request.items() if key != "do"}
