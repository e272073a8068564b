"""KOSMOS' agents: one program for all of them, told by its environment which one it is."""
