"""Where an answer came from: maps in film coordinates."""
