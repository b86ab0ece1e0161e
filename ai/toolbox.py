"""What every attempt at a job works with."""

from dataclasses import dataclass

from ai.announcements import Announcements
from ai.chat.conversations import Conversations
from ai.choosing.choices import Choices
from ai.deciding.decisions import Decisions
from ai.notices.board import Board
from ai.pool.jobs import Job
from ai.prompting.gathering import Gathering
from ai.prompting.material import Material
from ai.proposals.suggestions import Suggestions
from ai.record.feedback import Feedback
from ai.spending.metering import Meter
from collab.files.files import Files
from collab.rooms.rooms import Rooms


@dataclass(frozen=True)
class Toolbox:
    rooms: Rooms
    files: Files
    material: Material
    choices: Choices
    meter: Meter
    suggestions: Suggestions
    conversations: Conversations
    decisions: Decisions
    feedback: Feedback
    announcements: Announcements
    gathering: Gathering
    board: Board

    async def may_be_kept(self, job: Job) -> bool:
        """Whether what a model is told and says for `job` may be kept for the record, by the terms of this moment."""
        return await self.feedback.consent.covers(job.workspace, job.created_at, job.requested_by.id)
