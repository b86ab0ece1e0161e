"""Events as they leave the house."""

import json
from typing import Any

from storage.events import Event


def cloud_event(event: Event, id: str) -> dict[str, Any]:
    """Source: CloudEvents 1.0.2, JSON format."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": f"/api/workspaces/{event.stream}",
        "type": event.type,
        "time": event.time.isoformat(),
        "datacontenttype": "application/json",
        # What came from outside is kept as it was written.
        "data": json.loads(event.data["json"]) if event.type.startswith("external.") else event.data,
    }
