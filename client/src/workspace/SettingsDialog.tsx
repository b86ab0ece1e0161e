import { type SyntheticEvent, useState } from 'react'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { recorded } from '../people/recorded'
import { Button } from '../ui/Button'
import { Confirm } from '../ui/Confirm'
import { Dialog } from '../ui/Dialog'
import { attempt, tell } from '../ui/toasts'
import { useRole, useWorkspace } from './context'

function Name() {
  const { api, summary } = useWorkspace()
  const { isOwner } = useRole()
  const { name } = useStore(summary)
  const [typed, setTyped] = useState(name)
  const rename = (event: SyntheticEvent) => {
    event.preventDefault()
    void attempt('The workspace was not renamed', () => api.change({ name: typed.trim() }))
  }
  return (
    <form className="row" onSubmit={rename}>
      <label className="field">
        Name
        <input value={typed} maxLength={80} disabled={!isOwner} onChange={(event) => setTyped(event.target.value)} />
      </label>
      {isOwner ? (
        <Button type="submit" disabled={typed.trim() === '' || typed.trim() === name}>
          Rename
        </Button>
      ) : null}
    </form>
  )
}

/** Everybody is told what is kept; owners decide on it. */
function Feedback() {
  const { api, summary } = useWorkspace()
  const { isOwner } = useRole()
  const { collect_feedback: collects } = useStore(summary)
  const [erasing, setErasing] = useState(false)
  const erase = async () => {
    const { erased } = await api.eraseFeedback()
    tell(`${plural(erased, 'record')} erased`)
  }
  return (
    <section className="stack">
      <h3>Learning from decisions</h3>
      <p>
        {collects
          ? `${recorded} What looks like a password or a key is left out.`
          : 'Nothing more is kept of what is asked of the assistant and of what is decided.'}
      </p>
      {isOwner ? (
        <>
          <label className="check">
            <input
              type="checkbox"
              checked={collects}
              onChange={(event) =>
                void attempt('The setting was not changed', () =>
                  api.change({ collect_feedback: event.target.checked }),
                )
              }
            />
            Record decisions
          </label>
          <div className="row">
            <a className="button" data-small href={api.feedbackUrl} download="feedback.jsonl">
              Download the records
            </a>
            <Button small look="danger" onClick={() => setErasing(true)}>
              Erase them…
            </Button>
          </div>
        </>
      ) : (
        <p className="quiet">Owners can change this.</p>
      )}
      {erasing ? (
        <Confirm
          title="Erase all records?"
          description="All that was recorded so far is gone for good. The files stay as they are."
          action="Erase"
          onConfirm={() => void attempt('The records were not erased', erase)}
          onClose={() => setErasing(false)}
        />
      ) : null}
    </section>
  )
}

export default function SettingsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="This workspace" onClose={onClose}>
      <Name />
      <Feedback />
    </Dialog>
  )
}
