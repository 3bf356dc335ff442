"""The board (监察大屏): what a duty officer (值班员) looks at; docs/board.md."""
