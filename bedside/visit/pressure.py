"""Autonomic dysreflexia: blood pressure against the patient's own, in studies of lesions at or above T6.

It may come without any symptom, so that pressure is asked before, in the middle and after, and a rise stops whatever
is given (the item's concern holds up the visit); here is what is alarmed.
"""

from bedside.visit import forms
from bedside.visit.inputs import Now
from bedside.visit.state import Visit


def high(state: Visit, _: Now) -> str | None:
    """A pressure stands above the patient's own, and neither a lower one nor a physician's word came after it."""
    if not state.going_on:
        return None
    for form in state.setup.instruments.values():
        for item in form.items:
            doubt, own = state.doubts.get(item.id), forms.own_value(state, item)
            if not item.own or doubt is None or not doubt.blocks or own is None:
                continue
            value = state.answer(form.step, item.id)
            found = forms.concern(item, value, own)
            if found is not None and found.rise is not None:
                return f"{found.text} ({value} {item.unit}, own {own})"
    return None


def due(state: Visit, _: Now) -> str | None:
    """Half of the treatment is behind, and the pressure in its middle was not measured yet."""
    if state.step != "treatment" or not state.going_on:
        return None
    asked = forms.items(state, "treatment")
    late = next((item for item in asked if item.own and state.answer("treatment", item.id) is None), None)
    return None if late is None else f"not measured yet: {late.label}"
