"""What every attempt at a job works with."""

from dataclasses import dataclass

from ai.announcements import Announcements
from ai.choices import Choices
from ai.conversations import Conversations
from ai.decisions import Decisions
from ai.feedback import Feedback
from ai.gathering import Gathering
from ai.material import Material
from ai.metering import Meter
from ai.suggestions import Suggestions
from collab.files import Files
from collab.rooms import Rooms


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
