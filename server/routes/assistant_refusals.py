"""What the assistant refuses, as problems."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ai.answers.applying import CannotApply
from ai.chat.chat_proposals import BlockNotFound, NotAnAnswer, NothingChanges
from ai.chat.conversations import ConversationNotFound, MessageNotFound
from ai.clock import rfc3339
from ai.deciding.decisions import Outcome
from ai.deciding.judging import CannotJudgeNow
from ai.notices.notices import NothingToAccept, NoticeNotFound
from ai.pool.jobs import JobNotFound, NotFailed
from ai.proposals.hunks import HunkState
from ai.proposals.suggestions import SuggestionNotFound
from ai.requests import (
    AnsweredAlready,
    KeptFromModels,
    NotAText,
    NothingStale,
    TextDiffers,
    TooManyFiles,
    TooManyMentions,
    TooMuchText,
)
from ai.spending.budget_book import BudgetSpent
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import FileNotFound
from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed, RoomRebuilding
from collab.tree.paths import InvalidPath
from server.problems import Problem

_REASONS = {HunkState.STALE: "stale", HunkState.STREAMING: "streaming", None: "unknown"}
"""What programs are told when all hunks are in one such state; otherwise "decided"."""


@contextmanager
def refusals() -> Iterator[None]:
    """Lets what the assistant refuses leave as a `Problem`."""
    try:
        yield
    except (SuggestionNotFound, ConversationNotFound, MessageNotFound, JobNotFound, NoticeNotFound):
        raise Problem(404, "There is nothing of that id; it may have expired.") from None
    except FileNotFound as error:
        raise Problem(404, str(error)) from None
    except (DocumentGone, DocumentNotFound, RoomClosed):
        raise Problem(404, "The file is gone.") from None
    except InvalidPath as error:
        raise Problem(422, str(error)) from None
    except (NotAText, TooMuchText, TooManyFiles, TooManyMentions, BlockNotFound) as error:
        raise Problem(422, str(error)) from None
    except BudgetSpent as error:
        gauge = error.gauge
        renewal = rfc3339(gauge.renews_at)
        raise Problem(
            402, str(error), reason="budget", unit=gauge.unit, personal=gauge.personal, renews_at=renewal
        ) from None
    except KeptFromModels as error:
        raise Problem(403, str(error)) from None
    except (
        TextDiffers,
        NothingStale,
        NotFailed,
        AnsweredAlready,
        NotAnAnswer,
        NothingChanges,
        NothingToAccept,
    ) as error:
        raise Problem(409, str(error)) from None
    except CannotApply as error:
        raise Problem(409, str(error), reason="no place") from None
    except DocumentTooLarge as error:
        raise Problem(413, str(error)) from None
    except (CannotJudgeNow, Overloaded, RoomRebuilding):
        sentence = "Storage does not keep up at this moment. Try again; what was decided already is kept."
        raise Problem(503, sentence, headers={"Retry-After": "2"}) from None


def undecided(outcomes: Sequence[Outcome]) -> Problem | None:
    """Why none of the hunks was decided; None when at least one was."""
    reasons = {outcome.refusal for outcome in outcomes if outcome.refusal is not None}
    if any(outcome.refusal is None for outcome in outcomes):
        return None
    if not reasons:
        detail = "There is nothing left here to decide."
    else:
        detail = reasons.pop() if len(reasons) == 1 else "None of these can be decided any more."
    [state, *others] = {outcome.state for outcome in outcomes} or {HunkState.ACCEPTED}
    reason = "decided" if others else _REASONS.get(state, "decided")
    return Problem(409, detail, reason=reason, hunks=[outcome.view() for outcome in outcomes])
