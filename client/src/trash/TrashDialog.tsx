import { Search } from 'lucide-react'
import { useState } from 'react'
import type { Deleted } from '../api/trash'
import { baseName } from '../lib/paths'
import { plural } from '../lib/format'
import { FileIcon } from '../tree/FileIcon'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Waiting } from '../ui/Waiting'
import { useRole, useWorkspace } from '../workspace/context'
import { putBack } from './putBack'
import { useTrash } from './useTrash'
import { aboutDeleted, named, placeOf, putBackLabel } from './words'

/** Rows that are shown at first, and more with each wish. */
const page = 100

/** From so many on there is something to search in. */
const many = 8

interface RowProps {
  entry: Deleted
  canEdit: boolean
  busy: boolean
  chosen: boolean
  onChoose: (chosen: boolean) => void
  onPutBack: () => void
}

function Row({ entry, canEdit, busy, chosen, onChoose, onPutBack }: RowProps) {
  const { me } = useWorkspace()
  const name = baseName(entry.path)
  const about = aboutDeleted(entry, me.id)
  return (
    <li className="trash-row">
      {canEdit ? (
        <label className="trash-choice">
          <input
            type="checkbox"
            checked={chosen}
            disabled={busy}
            onChange={(event) => onChoose(event.target.checked)}
            aria-label={`Choose ${entry.path}`}
          />
        </label>
      ) : null}
      <FileIcon node={{ name, kind: entry.kind }} open={false} />
      <div className="trash-what">
        <bdi className="trash-name">{name}</bdi>
        <span className="trash-place">
          <bdi>{placeOf(entry)}</bdi>
        </span>
        <span className="trash-about">
          {about.who}
          {about.when === '' ? null : (
            <>
              {', '}
              <time dateTime={entry.deleted_at ?? ''} title={about.exactly}>
                {about.when}
              </time>
            </>
          )}
          {about.size === '' ? null : <span className="trash-size">{` · ${about.size}`}</span>}
        </span>
      </div>
      {canEdit ? (
        <Button small disabled={busy} onClick={onPutBack} aria-label={`Put back ${entry.path}`}>
          Put back
        </Button>
      ) : null}
    </li>
  )
}

/** What was deleted, and its way back. */
export default function TrashDialog({ onClose }: { onClose: () => void }) {
  const { id: workspace } = useWorkspace()
  const { canEdit } = useRole()
  const { entries, problem, load } = useTrash()
  const [words, setWords] = useState('')
  const [shown, setShown] = useState(page)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [busy, setBusy] = useState(false)
  const fitting = named(entries ?? [], words)
  const meant = (entries ?? []).filter(({ id }) => chosen.has(id))

  const restore = async (wanted: readonly Deleted[]) => {
    setBusy(true)
    const back = await putBack(workspace, wanted)
    setBusy(false)
    setChosen((before) => new Set([...before].filter((id) => !back.some((one) => one.id === id))))
    // What was just opened is behind this dialog.
    if (wanted.length === 1 && back[0] !== undefined && back[0].kind !== 'folder') onClose()
    else await load()
  }
  const choose = (id: string, wanted: boolean) =>
    setChosen((before) => new Set(wanted ? [...before, id] : [...before].filter((other) => other !== id)))

  return (
    <Dialog title="Trash" onClose={onClose}>
      <p>
        {canEdit
          ? 'What was deleted goes back to where it was, with all that it held.'
          : 'This was deleted. Editors can put it back; viewers can look.'}
      </p>
      {problem === '' ? null : (
        <div className="row" role="alert">
          <p className="problem">{`The trash could not be read. ${problem}`}</p>
          <Button small onClick={() => void load()}>
            Try again
          </Button>
        </div>
      )}
      {entries === null && problem === '' ? <Waiting>Looking into the trash…</Waiting> : null}
      {entries !== null && entries.length >= many ? (
        <label className="talk-search trash-search">
          <Search aria-hidden />
          <input
            type="search"
            value={words}
            placeholder="Search by name or folder"
            aria-label="Search the trash"
            onChange={(event) => setWords(event.target.value)}
          />
        </label>
      ) : null}
      <p className="sr-only" role="status">
        {entries === null ? '' : `${plural(fitting.length, 'entry', 'entries')} in the trash`}
      </p>
      {entries === null || fitting.length > 0 ? null : (
        <p className="quiet trash-none">
          {entries.length === 0 ? 'The trash is empty.' : 'Nothing here has that name.'}
        </p>
      )}
      <ul className="trash-list" aria-label="In the trash">
        {fitting.slice(0, shown).map((entry) => (
          <Row
            key={entry.id}
            entry={entry}
            canEdit={canEdit}
            busy={busy}
            chosen={chosen.has(entry.id)}
            onChoose={(wanted) => choose(entry.id, wanted)}
            onPutBack={() => void restore([entry])}
          />
        ))}
      </ul>
      {fitting.length > shown ? (
        <Button small onClick={() => setShown(shown + page)}>
          Show more
        </Button>
      ) : null}
      {meant.length === 0 ? null : (
        <div className="dialog-foot trash-foot">
          <Button look="quiet" onClick={() => setChosen(new Set())}>
            Choose none
          </Button>
          <Button look="primary" disabled={busy} onClick={() => void restore(meant)}>
            {putBackLabel(meant)}
          </Button>
        </div>
      )}
    </Dialog>
  )
}
