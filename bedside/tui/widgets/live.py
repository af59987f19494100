"""The live pictures of a capture: balance, knee angles, the path of a foot. They record nothing."""

from typing import ClassVar, Literal

from bedside.station.wire import Live
from bedside.tui import copview, legviews
from bedside.tui.canvas import Codes, Inks
from bedside.tui.glyphs import DOTS, Ladder
from bedside.tui.link import Link
from bedside.tui.lives import STALE_S, CopTrail, KneeSweep, Strides, newest
from bedside.tui.picture import Picture
from bedside.tui.widgets.raster import Raster

FRAMES_PER_S = 15
KNEE_WINDOW_S = 10.0
STRIDE_STALE_S = 5.0


class LivePicture(Raster):
    """One stream's picture, drawn up to 15 times a second while something new came."""

    STREAM: ClassVar[Literal["cop", "knee", "feet"]]
    STALE: ClassVar[float] = STALE_S

    def __init__(self, link: Link, ladder: Ladder) -> None:
        super().__init__(ladder)
        self._link = link
        self._seen = 0
        self._shown: tuple[object, ...] = ()

    def on_mount(self) -> None:
        """Look for new values."""
        self.set_interval(1 / FRAMES_PER_S, self.draw)

    def show(self, picture: Picture) -> None:
        """The picture says what stands around the live values."""
        self.picture = picture
        self.draw()

    def renew(self) -> None:
        """Another size draws again."""
        self._begin()
        self._seen, self._shown = 0, ()
        self.draw()

    @property
    def fresh(self) -> bool:
        """Whether what is drawn is of now."""
        return self._link.live_age_s(self.STREAM) <= self.STALE

    def draw(self) -> None:
        """Take what came since the last frame; draw when that or the surroundings changed."""
        width, height = self.content_size
        if not (width and height) or not self.display:
            return
        came = newest(self._link.lives, self._seen, self.STREAM)
        if self._link.lives:
            self._seen = self._link.lives[-1][0]
        around = (width, height, self.fresh, *self._around())
        if not came and around == self._shown:
            return
        self._shown = around
        for live in came:
            self._take(live)
        self.put(*self._made(width, height))

    def _begin(self) -> None:
        """Forget what depends on the size."""

    def _around(self) -> tuple[object, ...]:
        raise NotImplementedError

    def _take(self, live: Live) -> None:
        raise NotImplementedError

    def _made(self, width: int, height: int) -> tuple[Codes, Inks]:
        raise NotImplementedError


class CopPicture(LivePicture):
    """The centre of pressure as a large dot with a fading tail, the target's ring and the limits."""

    STREAM = "cop"
    INKS = copview.INKS

    def __init__(self, link: Link, ladder: Ladder) -> None:
        super().__init__(link, ladder)
        self.trail = CopTrail()

    def scene(self) -> copview.Scene:
        """What stands around the trail now."""
        picture, capture = self.picture, self.picture.capture
        if capture is None:
            return copview.Scene(fresh=self.fresh)
        return copview.scene_of(capture, picture.zoom, hidden=not picture.feedback, fresh=self.fresh)

    def _around(self) -> tuple[object, ...]:
        return (self.scene(),)

    def _take(self, live: Live) -> None:
        self.trail.aim(self.scene().target)
        self.trail.take(live)

    def _made(self, width: int, height: int) -> tuple[Codes, Inks]:
        scene = self.scene()
        self.trail.aim(scene.target)
        return copview.picture(scene, self.trail, (width, height), self._ladder)


class KneePicture(LivePicture):
    """The knee angles of the last seconds, both legs."""

    STREAM = "knee"
    INKS = legviews.INKS

    def __init__(self, link: Link, ladder: Ladder) -> None:
        super().__init__(link, ladder)
        self._sweep = KneeSweep(1, KNEE_WINDOW_S)

    def _begin(self) -> None:
        columns = max(self.content_size.width - legviews.LABEL_WIDTH, 1)
        self._sweep = KneeSweep(columns * DOTS[self._ladder][0], KNEE_WINDOW_S)

    def _around(self) -> tuple[object, ...]:
        return (self._paretic,)

    @property
    def _paretic(self) -> str:
        return self.picture.capture.paretic if self.picture.capture else ""

    def _take(self, live: Live) -> None:
        self._sweep.take(live)

    def _made(self, width: int, height: int) -> tuple[Codes, Inks]:
        return legviews.knee_picture(
            self._sweep, (width, height), self._ladder, paretic=self._paretic, fresh=self.fresh
        )


class FeetPicture(LivePicture):
    """The last stride of each foot from the side."""

    STREAM = "feet"
    INKS = legviews.INKS
    STALE = STRIDE_STALE_S

    def __init__(self, link: Link, ladder: Ladder) -> None:
        super().__init__(link, ladder)
        self._strides = Strides()

    def _around(self) -> tuple[object, ...]:
        return (self.picture.capture.paretic if self.picture.capture else "",)

    def _take(self, live: Live) -> None:
        self._strides.take(live)

    def _made(self, width: int, height: int) -> tuple[Codes, Inks]:
        paretic = self.picture.capture.paretic if self.picture.capture else ""
        return legviews.feet_picture(
            self._strides.paths, (width, height), self._ladder, paretic=paretic, fresh=self.fresh
        )
