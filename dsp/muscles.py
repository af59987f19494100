"""Which part of a sweep belongs to which muscle: onset and amplitude windows as data."""

from dataclasses import dataclass

Window = tuple[float, float]


@dataclass(frozen=True)
class Muscle:
    """A muscle's windows, ms after the pulse, for adults without a conduction delay.

    `onset_window_ms` is where a response may begin, `amplitude_window_ms` where its peaks are looked for: in leg
    muscles the second and larger phase peaks after the last plausible onset, so one window cannot serve both.
    """

    id: str
    name: str
    onset_window_ms: Window
    amplitude_window_ms: Window


MUSCLES: dict[str, Muscle] = {
    muscle.id: muscle
    for muscle in (
        Muscle("ta", "tibialis anterior", (25.0, 42.0), (20.0, 75.0)),
        Muscle("soleus", "soleus", (25.0, 45.0), (20.0, 80.0)),
        Muscle("rf", "rectus femoris", (18.0, 35.0), (15.0, 65.0)),
        Muscle("hamstrings", "hamstrings", (18.0, 35.0), (15.0, 65.0)),
        Muscle("fdi", "first dorsal interosseous", (18.0, 28.0), (15.0, 50.0)),
        Muscle("apb", "abductor pollicis brevis", (18.0, 28.0), (15.0, 50.0)),
        Muscle("adm", "abductor digiti minimi", (18.0, 28.0), (15.0, 50.0)),
        Muscle("ecr", "wrist extensors", (13.0, 22.0), (12.0, 45.0)),
    )
}
"""Windows of adults at rest. Leg, hand and forearm windows enclose onsets (28-39, 21-26, 16-20 ms) and peaks seen in
public recordings (MEPFeatX, Nguyen et al. 2023; TMS-EMG Kit, Cunningham Lab); the thigh has none and is taken in
proportion to its conduction distance. After a stroke or a lesion of the cord a response can be much later: widen the
onset window per study instead of trusting these."""
