"""The running system: the engine, the runtime around it, the sink, the board, the commands."""
