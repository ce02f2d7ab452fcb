"""The one exception a user ever sees."""


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one line that says what is wrong, with the value, and what to do.
    The command line prints it and exits with status 2.
    """
