"""The record: the journal of events, the recorder of samples, and the proof that neither was changed."""
