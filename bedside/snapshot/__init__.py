"""What a screen shows: one frozen picture of the whole station, made anew on every change.

A snapshot is complete in itself: a client that missed ten of them shows the eleventh and is right. Every value that
can age carries its age or the time it was heard.
"""

from bedside.snapshot.assessment import (
    Assess,
    Capture,
    FurtherInstrument,
    ImportLine,
    Imports,
    InstrumentLine,
    ParameterPanel,
    ScaleForm,
    ScaleItem,
    SensorLine,
    Subtotal,
    TrialLine,
)
from bedside.snapshot.box import (
    Alarm,
    Belt,
    DeviceAttention,
    DeviceLine,
    Interruption,
    Line,
    Prompt,
    Robot,
    Watcher,
)
from bedside.snapshot.results import (
    GaitCurve,
    GaitSide,
    GaitStick,
    Result,
    ResultRow,
)
from bedside.snapshot.step import (
    Action,
    Item,
    ItemKind,
    ItemState,
    MarkState,
    Step,
    StepMark,
)
from bedside.snapshot.stimulation import (
    Current,
    Hunt,
    Interlock,
    Run,
    RunWord,
    Site,
    Trial,
)
from bedside.snapshot.whole import (
    Snapshot,
)

__all__ = [
    "Action",
    "Alarm",
    "Assess",
    "Belt",
    "Capture",
    "Current",
    "DeviceAttention",
    "DeviceLine",
    "FurtherInstrument",
    "GaitCurve",
    "GaitSide",
    "GaitStick",
    "Hunt",
    "ImportLine",
    "Imports",
    "InstrumentLine",
    "Interlock",
    "Interruption",
    "Item",
    "ItemKind",
    "ItemState",
    "Line",
    "MarkState",
    "ParameterPanel",
    "Prompt",
    "Result",
    "ResultRow",
    "Robot",
    "Run",
    "RunWord",
    "ScaleForm",
    "ScaleItem",
    "SensorLine",
    "Site",
    "Snapshot",
    "Step",
    "StepMark",
    "Subtotal",
    "Trial",
    "TrialLine",
    "Watcher",
]
