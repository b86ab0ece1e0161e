import { useState } from 'react'
import type { FeedbackApi } from '../api/feedback'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { recorded } from '../people/recorded'
import { Button } from '../ui/Button'
import { Confirm } from '../ui/Confirm'
import { Menu, MenuItem } from '../ui/Menu'
import { attempt, tell } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'

const downloads = [
  ['raw', 'As recorded'],
  ['sft', 'For tuning: answers as people left them (SFT)'],
  ['dpo', 'For tuning: what people made of answers, preferred over them (DPO)'],
  ['kto', 'For tuning: answers that were taken or not (KTO)'],
] as const

interface CollectingProps {
  api: FeedbackApi
  onErased: () => void
}

/** What is collected, said to everybody; switched, downloaded and erased by owners. */
export function Collecting({ api, onErased }: CollectingProps) {
  const { api: workspace, summary } = useWorkspace()
  const { isOwner } = useRole()
  const { collect_feedback: collects } = useStore(summary)
  const [erasing, setErasing] = useState(false)
  const erase = async () => {
    const { erased } = await api.eraseAll(null)
    tell(`${plural(erased, 'record')} erased`)
    onErased()
  }
  return (
    <section className="stack">
      <p>
        {collects
          ? `${recorded} What looks like a password or a key is left out.`
          : 'Nothing more is kept of what is asked of the assistant and of what is decided.'}
      </p>
      {isOwner ? (
        <div className="row records-tools">
          <label className="check">
            <input
              type="checkbox"
              checked={collects}
              onChange={(event) =>
                void attempt('The setting was not changed', () =>
                  workspace.change({ collect_feedback: event.target.checked }),
                )
              }
            />
            Record decisions
          </label>
          <Menu align="start" trigger={<Button small>Download…</Button>}>
            {downloads.map(([format, words]) => (
              <MenuItem key={format} onSelect={() => location.assign(api.exportUrl(format))}>
                {words}
              </MenuItem>
            ))}
          </Menu>
          <Button small look="danger" onClick={() => setErasing(true)}>
            Erase all…
          </Button>
        </div>
      ) : (
        <p className="quiet">
          You see what comes from you: what you asked for, and what you decided. Owners see all of it, and can erase it;
          ask one of them if you want yours gone.
        </p>
      )}
      {erasing ? (
        <Confirm
          title="Erase all records?"
          description="All that was recorded so far is gone for good, with what the model was told. What stays: the files, the conversations, and who accepted or rejected what, without any text of a request."
          action="Erase"
          onConfirm={() => void attempt('The records were not erased', erase)}
          onClose={() => setErasing(false)}
        />
      ) : null}
    </section>
  )
}
