"""What the last trial's walk looked like: one of its views, drawn when the result or the size changes."""

from bedside.snapshot import Capture
from bedside.tui import legviews
from bedside.tui.glyphs import Ladder
from bedside.tui.picture import Picture
from bedside.tui.walkorder import views
from bedside.tui.walkviews import walk_picture
from bedside.tui.widgets.raster import Raster


class WalkPicture(Raster):
    """Angles over the gait cycle, paths, or the stick figure, as the picture says."""

    INKS = legviews.INKS

    def __init__(self, ladder: Ladder) -> None:
        super().__init__(ladder)
        self._shown: tuple[Capture, str, tuple[int, int]] | None = None

    def show(self, picture: Picture) -> None:
        """Take the picture's view."""
        self.picture = picture
        self.renew()

    def renew(self) -> None:
        """Draw when there is something else to draw, or another size."""
        width, height = self.content_size
        capture, view = self.picture.capture, self.picture.walk
        if capture is None or view not in views(capture) or not (width and height) or not self.display:
            return
        around = (capture, view, (width, height))
        if around != self._shown:
            self._shown = around
            self.put(*walk_picture(capture, view, (width, height), self._ladder))
