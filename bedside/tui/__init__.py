"""The screens: a disposable client of the station's socket."""
