import { useState } from 'react'
import { decide } from '../api/workspace'
import { Button } from '../ui/Button'
import { attempt } from '../ui/toasts'
import { useRole } from '../workspace/context'
import type { TakenAway } from './takenAway'

/** A new file of the assistant that nobody kept: who took it away, and the way back. */
export function TakenBack({ away: { suggestion, hunk } }: { away: TakenAway }) {
  const { canEdit } = useRole()
  const [busy, setBusy] = useState(false)
  const back = async () => {
    setBusy(true)
    await attempt('The file was not brought back', () =>
      decide(suggestion.id, [hunk.id], 'undo', {}, { [hunk.id]: hunk.revision }),
    )
    setBusy(false)
  }
  return (
    <section className="ended" role="alert">
      <div>
        <h2>This new file was taken back</h2>
        <p>
          {hunk.decided_by?.name ?? 'Somebody'} undid what {suggestion.author.name} had written here for{' '}
          {suggestion.requested_by.name}. Nobody had written anything else in it, so the file is in the trash.
        </p>
      </div>
      {canEdit ? (
        <div className="row">
          <Button disabled={busy} onClick={() => void back()}>
            Bring it back
          </Button>
        </div>
      ) : null}
    </section>
  )
}
