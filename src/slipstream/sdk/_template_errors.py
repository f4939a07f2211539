"""What is said of a template that fails: whose it is, which field, which line, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

from slipstream.sdk._types import UserValue

_LONGEST = 200
_NOTE = "In a template: "


def located(error: Exception, owner: object, field: str, template: UserValue) -> Exception:
    """The error with the place in its message: owner, field, line and template.

    An error of the engine is made anew, of the same type. Any other one, of a macro or of what a
    template looks up, stays as it is and gets a note, which its traceback shows.
    """
    place = _place(owner, field)
    if not getattr(error, "_is_located", False):
        place += _details(error, template)
    told = _told_anew(error, place)
    if told is None:
        error.add_note(f"{_NOTE}{place}.")
        return error
    told._is_located = True  # type: ignore[attr-defined]  # an object may lie in another's field
    return told.with_traceback(error.__traceback__)


def without_file(error: Exception, owner: object, field: str, name: str) -> Exception:
    """The error of a field whose value is taken for the name of a file that is not there."""
    from jinja2 import TemplateNotFound

    told = located(error, owner, field, name)
    ending = name[name.rfind(".") :]
    hint = (
        f"A text that ends with {ending!r} names a file; with a space at its end it is taken "
        "as it is."
    )
    return TemplateNotFound(name, f"{told}. {hint}")


def note_of(error: BaseException) -> str:
    """Where in which template it was raised, as `located` has noted; empty for nowhere."""
    notes = (note for note in getattr(error, "__notes__", ()) if note.startswith(_NOTE))
    return next(notes, "")


def _told_anew(error: Exception, place: str) -> Exception | None:
    """An error of the engine with the place before its message; None for any other error."""
    from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

    match error:
        case TemplateSyntaxError():
            text = f"{place}: {error.message}"
            return type(error)(text, error.lineno, error.name, error.filename)
        case TemplateNotFound():
            searched = "" if error.message == error.name else f" ({error.message})"
            text = f"{place}: there is no template file {error.name!r}{searched}"
            return type(error)(error.name, text)
        case TemplateError():
            return type(error)(f"{place}: {error}")
        case _:
            return None


def _place(owner: object, field: str) -> str:
    task_id = getattr(owner, "task_id", None)
    who = f"task {task_id!r}" if task_id else f"a {type(owner).__name__}"
    return f"{who}, field {field!r}"


def _details(error: Exception, template: UserValue) -> str:
    """The line and the template itself, as far as they are known."""
    shown = repr(template)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]} …"
    line = _line(error)
    return f"{f', line {line}' if line else ''}, template {shown}"


def _line(error: Exception) -> int | None:
    """The line of the innermost template that the error came through."""
    line: int | None = getattr(error, "lineno", None)
    for inner in _template_lines(error.__traceback__):
        line = inner
    return line


def _template_lines(traceback: TracebackType | None) -> Iterator[int]:
    """The line of each template that the error came through, outermost first."""
    while traceback is not None:
        # The engine puts this variable into the frames that it makes for templates.
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            yield traceback.tb_lineno
        traceback = traceback.tb_next
