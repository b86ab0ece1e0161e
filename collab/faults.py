"""How work fails, and above all how the CRDT library does."""


def is_panic(error: BaseException) -> bool:
    """Whether the CRDT library's Rust code panicked: pyo3's exception for it derives from BaseException on purpose."""
    return type(error).__name__ == "PanicException"


def is_fault(error: BaseException) -> bool:
    """Whether it came from what was done, and not from outside, as the end of a task or of the process does."""
    return is_panic(error) or isinstance(error, Exception)


def is_refusal(error: BaseException) -> bool:
    """Whether the CRDT library does not take an update, and may have taken half of it."""
    return is_panic(error) or isinstance(error, ValueError)
