"""The books: how much of which batch lies where, and what each step does to that."""
