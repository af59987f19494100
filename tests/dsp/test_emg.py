"""Root mean square."""

import numpy as np
import pytest

from dsp.emg import rms


def test_rms_is_taken_about_the_mean() -> None:
    assert rms(np.full((100, 2), 300.0)).tolist() == [0.0, 0.0]
    assert rms(np.array([[3.0], [-3.0]])).tolist() == [3.0]
    assert np.isnan(rms(np.empty((0, 1)))).all()


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        rms(np.zeros(5))
