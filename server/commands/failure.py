"""How a command ends that cannot do what it was asked."""


class CommandFailed(Exception):
    """A sentence for whoever typed the command."""
