"""One sentence for each event, for the event tail and `bedside log show`."""

from collections.abc import Callable
from typing import Any

from bedside import events as e
from bedside.events import Event
from bedside.visit.words import WORDS


def line(event: Event) -> str:
    """The event in words a therapist can read."""
    words = _WORDS.get(type(event))
    return words(event) if words is not None else e.tag_of(event)


def _mso(pct: int | None) -> str:
    return "unknown %MSO" if pct is None else f"{pct} %MSO"


def _title(step: e.StepId) -> str:
    return WORDS[step].title


def _tail(text: str) -> str:
    return f": {text}" if text else ""


def _kmh(speed: float | None) -> str:
    return "" if speed is None else f" at {speed:.1f} km/h"


def _device(event: e.DeviceChanged) -> str:
    return f"{event.device} ({event.role}) is {event.state}{_tail(event.error)}"


def _answered(event: e.Answered) -> str:
    value = {True: "yes", False: "no"}.get(event.value) if isinstance(event.value, bool) else event.value
    unit = f" {event.unit}" if event.unit else ""
    return f"{event.item.replace('_', ' ')}: {value}{unit}{' (worked out)' if event.by == 'machine' else ''}"


def _said(event: e.StimulatorSaid) -> str:
    enabled = {True: "enabled", False: "disabled", None: "enabled or not: unknown"}[event.enabled]
    heat = "" if event.temperature_c is None else f", coil {event.temperature_c:g} C"
    running = ", train running" if event.train_running else ""
    return f"stimulator says: {enabled}, {_mso(event.amplitude_pct_mso)}{running}{heat}"


def _pulse(event: e.PulseReported) -> str:
    if event.purpose == "treatment":
        return f"pulse {event.course} reported"
    if event.purpose is None:
        return "a pulse was reported that nobody here asked for"
    return f"single pulse {event.pulse or ''} reported".replace("  ", " ")


def _reconciled(event: e.PulsesReconciled) -> str:
    extra = f", {event.unasked} that nobody asked for" if event.unasked else ""
    return f"settled: {event.count} unheard pulse(s) were given{extra}; {event.evidence}"


def _measured(event: e.ResponseMeasured) -> str:
    target = event.target
    if not target.valid:
        return f"pulse {event.pulse} is void: {target.reason}"
    onset = "" if target.latency_ms is None else f", onset {target.latency_ms:.1f} ms"
    return f"pulse {event.pulse}: {target.channel} {target.amplitude_uv:.0f} uV{onset}"


def _dose(event: e.DosePlanned) -> str:
    return (
        f"dose: {event.pulses} pulses at {event.rate_hz:g} Hz, {event.pct_rmt} % of threshold ="
        f" {event.intensity_pct_mso} %MSO, last pulse {event.last_pulse_s:g} s, period {event.period_s:g} s"
    )


def _train(event: e.TrainIntended) -> str:
    head = "waiting for the triggers of" if event.triggered else "starting"
    stimuli = f"{event.trains} x {event.pulses} {_stimuli(event)}"
    return f"{head} {stimuli} at {event.rate_hz:g} Hz, {event.amplitude_pct_mso} %MSO, from {event.first_pulse}"


def _stimuli(event: e.TrainIntended) -> str:
    if event.burst_pulses == 1:
        return "pulses"
    return f"bursts of {event.burst_pulses} pulses {event.inter_pulse_s * 1000:g} ms apart"


def _robot(event: e.RobotChanged) -> str:
    stop = ", EMERGENCY STOP pressed" if event.e_stop else ""
    if event.phase == "unknown":
        return f"robot: state unknown, it may be moving{_kmh(event.speed_kmh)}{stop}"
    support = _was("support", event.body_weight_support_kg, event.support_was_kg, "kg")
    assist = _was("assistance", event.assist_pct, event.assist_was_pct, "%")
    return f"robot: {event.phase}{_kmh(event.speed_kmh)}{support}{assist}{stop}"


def _was(name: str, value: float | None, before: float | None, unit: str) -> str:
    """A value that changed, after the one before; nothing where nothing was told before."""
    if before is None:
        return ""
    return f", {name} {before:g} to {'not told' if value is None else f'{value:g} {unit}'}"


def _belt_intended(event: e.BeltIntended) -> str:
    doing = {"start": "starting the belt", "speed": "changing the belt's speed", "stop": "stopping the belt"}
    speed = "" if event.speed_kmh is None else f", {event.speed_kmh:.1f} km/h"
    return f"{doing[event.action]}{speed}: {event.reason}"


def _belt_confirmed(event: e.BeltConfirmed) -> str:
    return "belt: at rest" if event.action == "stop" else f"belt: runs{_kmh(event.told_kmh)}"


def _robot_table(event: e.RobotImported) -> str:
    unsure = "" if event.verified else ", not verified"
    return f"robot's table {event.file} imported: {event.rows} rows by {event.mapping}{unsure}"


def _current(event: e.CurrentSaid) -> str:
    told = "not heard" if event.phase == "unknown" else event.phase.replace("_", " ")
    measured = "" if event.measured_ma is None else f", {event.measured_ma:g} mA measured"
    return f"electrical stimulator: {told}{measured}{_tail(event.fault)}"


def _current_intended(event: e.CurrentIntended) -> str:
    if event.action == "stop":
        return f"ramping the direct current down: {event.reason}"
    doing = "loading" if event.action == "prepare" else "starting"
    kind = " (sham)" if event.sham else ""
    return f"{doing} direct current {event.preset}{kind}: {event.current_ma:g} mA for {event.plateau_s:g} s"


def _current_ended(event: e.CurrentEnded) -> str:
    told = f"{event.given_c:.3f} of {event.planned_c:.3f} C measured" if event.charge_told else "charge not told"
    return f"direct current ended ({event.cause}: {event.reason}), {told}"


def _switch(event: e.SwitchChanged) -> str:
    if event.use == "emergency_stop":
        return f"{event.device}: {'EMERGENCY STOP' if event.active is not False else 'emergency stop released'}"
    return f"{event.device}: {'not known' if event.active is None else 'pressed' if event.active else 'released'}"


def _ended(event: e.StimulationEnded) -> str:
    doubt = f", up to {event.uncertain} more not excluded" if event.uncertain else ""
    return f"stimulation ended ({event.reason}): {event.delivered} of {event.planned} pulses{doubt}"


def _adverse(event: e.AdverseEventRecorded) -> str:
    if event.category == "none":
        return "no adverse event"
    if event.severity == "none":
        return f"taken back: {event.category} is no adverse event"
    return f"adverse event: {event.category}, {event.severity}, related {event.related}{_tail(event.text)}"


def _adverse_described(event: e.AdverseEventDescribed) -> str:
    if event.severity == "none":
        return f"withdrawn: {event.category} is no adverse event"
    serious = f"SERIOUS ({', '.join(event.serious)}); " if event.serious else ""
    related = ", ".join(f"{name} {likely}" for name, likely in event.relation.items())
    asked = f"began {event.began_on} ({event.onset}); caused by: {related}; action {event.action}"
    return f"{event.category}, {event.severity}: {serious}{asked}; {event.outcome}{_tail(event.words)}"


def _adverse_followed(event: e.AdverseEventFollowedUp) -> str:
    over = f" since {event.over_on}" if event.over_on else ""
    return f"{event.category} since {event.since}: {event.outcome}{over}"


def _scored(event: e.ItemScored) -> str:
    value = event.missing.replace("_", " ") or ("cleared" if event.value is None else event.value)
    return f"{event.instrument} {event.code}: {value}{' (by rule)' if event.by == 'rule' else ''}{_tail(event.flag)}"


def _instrument_opened(event: e.InstrumentOpened) -> str:
    beyond = ", beyond the plan" if event.beyond else ""
    return f"{event.instrument} opened, version {event.version}{beyond}"


def _instrument_closed(event: e.InstrumentClosed) -> str:
    total = "" if event.total is None else f", total {event.total:g}"
    return f"{event.instrument} {event.outcome.replace('_', ' ')}{total}{_tail(event.reason)}"


def _planned(event: e.AssessmentPlanned) -> str:
    told = {"beyond the plan": event.beyond, "left out": event.left_out}
    more = "".join(f"; {words}: {', '.join(names)}" for words, names in told.items() if names)
    return f"assessment {event.point}: {', '.join(event.instruments)}{more}"


def _calibrated(event: e.DeviceCalibrated) -> str:
    residual = "" if event.residual is None else f", residual {event.residual:g} {event.unit}".rstrip()
    return f"{event.device}: {event.what} calibrated{residual}{_tail(event.note)}"


_WORDS: dict[type[Event], Callable[[Any], str]] = {
    e.StationStarted: lambda x: f"station started, {x.software}{' (simulated devices)' if x.simulated else ''}",
    e.StationStopped: lambda x: f"station stopped: {x.reason}",
    e.ClockStepped: lambda x: f"the wall clock stepped by {x.step_ms / 1000:+.1f} s",
    e.DeviceChanged: _device,
    e.ClientJoined: lambda x: f"{x.user} attached ({x.role}{', in control' if x.controls else ''})",
    e.ClientLeft: lambda x: f"client {x.client} left: {x.reason}",
    e.ControlTaken: lambda x: f"{x.user} is in control",
    e.SignedIn: lambda x: f"{x.name} ({x.profession}) signed in",
    e.CommandRefused: lambda x: f"refused {x.command}: {x.reason}",
    e.RecordingStarted: lambda x: f"recording {', '.join(x.streams)}",
    e.RawSealed: lambda x: f"segment {x.name} sealed, {x.size_bytes} bytes",
    e.RecordingStopped: lambda x: f"recording stopped: {x.reason}",
    e.RecordFault: lambda x: f"recording fault: {x.text}",
    e.VisitOpened: lambda x: f"visit {x.visit} opened, session {x.session} of {x.sessions_planned}",
    e.ProfileShown: lambda x: (
        f"coil profile: {'sham' if x.sham else 'active'}, {x.tilt_to_scalp_deg} degrees to the scalp"
    ),
    e.ParticipantRecalled: lambda x: (
        f"record recalled: protocol {x.preset}, lesion {x.lesion_hemisphere or 'not known'}"
    ),
    e.StepEntered: lambda x: f"step: {_title(x.step)}",
    e.StepCompleted: lambda x: f"completed: {_title(x.step)}{_tail(x.summary)}",
    e.StepReopened: lambda x: f"opened again: {_title(x.step)}{_tail(x.reason)}",
    e.Answered: _answered,
    e.ConcernRaised: lambda x: f"concern ({x.outcome}): {x.text}",
    e.PhysicianDecided: lambda x: f"{x.physician} {'allows' if x.allowed else 'forbids'} {x.item}: {x.reason}",
    e.NoteAdded: lambda x: f"note: {x.text}",
    e.VisitInterrupted: lambda x: f"visit interrupted: {x.reason}; certain: {x.certain}; uncertain: {x.uncertain}",
    e.VisitResumed: lambda x: "visit resumed",
    e.VisitClosed: lambda x: f"visit closed, {x.outcome}: {x.reason}",
    e.Signed: lambda x: f"signed by {x.name}: {x.meaning}",
    e.AmplitudeIntended: lambda x: (
        f"setting {x.amplitude_pct_mso} %MSO for the {x.purpose}"
        + (", each pulse at its trigger input" if x.follow_trigger else "")
    ),
    e.ArmIntended: lambda x: f"enabling the stimulator for the {x.purpose}",
    e.PulseIntended: lambda x: f"single pulse {x.pulse} at {x.amplitude_pct_mso} %MSO over {x.site}",
    e.TrainIntended: _train,
    e.TrainEnded: lambda x: (
        f"train over: {x.reported} pulses reported, {x.lost} lost"
        + ("" if x.triggers is None else f", {x.triggers} triggers sent")
    ),
    e.PacingSet: lambda x: f"automatic pulses {'on' if x.automatic else 'off'}{_tail(x.reason)}",
    e.OffIntended: lambda x: f"switching off: {x.reason}",
    e.StimulatorSaid: _said,
    e.StimulatorFailed: lambda x: f"{x.action} failed: {x.error}",
    e.OffConfirmed: lambda x: "the stimulator confirms that it is off",
    e.PulseReported: _pulse,
    e.CounterNoted: lambda x: f"pulse counter stands at {x.total}{'' if x.proven else ', unproved'}",
    e.PulsesReconciled: _reconciled,
    e.PulsesUncertain: lambda x: f"up to {x.at_most} pulse(s) cannot be proved or excluded: {x.reason}",
    e.CoilPlaced: lambda x: f"coil over {x.site} ({x.x_cm:+.1f}, {x.y_cm:+.1f} cm)",
    e.ResponseMeasured: _measured,
    e.ResponseMissing: lambda x: f"pulse {x.pulse} has no sweep: {x.reason}",
    e.PulseJudged: lambda x: f"pulse {x.pulse} {'accepted' if x.accepted else 'rejected'}{_tail(x.reason)}",
    e.HotspotChosen: lambda x: f"hotspot {x.site} ({x.x_cm:+.1f}, {x.y_cm:+.1f} cm), {x.mean_uv:.0f} uV: {x.reason}",
    e.HuntStarted: lambda x: f"threshold hunt by rule {x.rule} from {x.start_pct_mso:g} %MSO{_tail(x.reason)}",
    e.ThresholdFound: lambda x: (
        f"threshold {x.rmt_pct_mso:.1f} %MSO ({x.low_pct_mso:.1f} to {x.high_pct_mso:.1f}), {x.trials} pulses, {x.rule}"
    ),
    e.DosePlanned: _dose,
    e.IntensityLowered: lambda x: f"intensity lowered from {x.from_pct_mso} to {x.to_pct_mso} %MSO: {x.reason}",
    e.RobotChanged: _robot,
    e.RobotImported: _robot_table,
    e.BeltIntended: _belt_intended,
    e.BeltConfirmed: _belt_confirmed,
    e.BeltFailed: lambda x: f"belt, {x.action} failed: {x.error}",
    e.SwitchChanged: _switch,
    e.CurrentSaid: _current,
    e.CurrentIntended: _current_intended,
    e.CurrentStarted: lambda x: "electrical stimulation started",
    e.CurrentFailed: lambda x: f"direct current, {x.action} failed: {x.error}",
    e.CurrentEnded: _current_ended,
    e.StimulationStarted: lambda x: "stimulation started",
    e.StimulationPaused: lambda x: f"stimulation paused: {x.reason}",
    e.StimulationResumed: lambda x: f"stimulation goes on, {x.remaining} pulses remain",
    e.StimulationEnded: _ended,
    e.ContactPrompted: lambda x: "confirm that the coil touches its mark",
    e.ContactConfirmed: lambda x: "coil contact confirmed",
    e.OperatorConfirmed: lambda x: f"confirmed by hand: {x.prompt}{'' if x.value is None else f' ({x.value})'}",
    e.AlarmRaised: lambda x: f"ALARM ({x.priority}): {x.text}",
    e.AlarmCleared: lambda x: f"alarm over: {x.alarm}",
    e.AlarmSilenced: lambda x: f"alarm {x.alarm} silenced for {x.seconds} s",
    e.AdverseEventRecorded: _adverse,
    e.AdverseEventDescribed: _adverse_described,
    e.AdverseEventFollowedUp: _adverse_followed,
    e.ParticipantEntered: lambda x: f"participant {x.participant} entered for study {x.study}",
    e.AssessmentPlanned: _planned,
    e.AssessmentRecalled: lambda x: f"{len(x.earlier)} earlier result(s) recalled",
    e.DeviationNoted: lambda x: f"departs from the plan: {x.text}",
    e.InstrumentOpened: _instrument_opened,
    e.InstrumentReopened: lambda x: f"{x.instrument} opened again: {x.reason}",
    e.ItemScored: _scored,
    e.InstrumentClosed: _instrument_closed,
    e.CaptureStarted: lambda x: f"recording {x.task}, trial {x.trial}, for {x.seconds:g} s",
    e.CueGiven: lambda x: f"cue: {x.cue}",
    e.CaptureStopped: lambda x: f"recorded {x.seconds:.1f} s of {x.task}, trial {x.trial} ({x.cause}){_tail(x.reason)}",
    e.TrialImported: lambda x: f"{x.task}, trial {x.trial}: {x.holds} imported from {x.file} by {x.mapping}",
    e.CaptureAnalysed: lambda x: f"{x.task}, trial {x.trial}: {x.refusal or f'{len(x.values)} variables'}",
    e.TrialJudged: lambda x: f"{x.task}, trial {x.trial} {'accepted' if x.accepted else 'rejected'}{_tail(x.reason)}",
    e.DeviceCalibrated: _calibrated,
}
