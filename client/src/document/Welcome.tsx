import { historyKeys } from '../history/keys'
import { useNarrow } from '../lib/hooks'
import { altKey, altShiftKey, modKey, modShiftKey } from '../lib/keys'
import { useStore } from '../lib/store'
import { NewFileButton } from '../tree/NewFileButton'
import { UploadButton } from '../tree/UploadButton'
import { EntryList } from './FolderView'
import { useRole, useWorkspace } from '../workspace/context'

const keys: [string, string][] = [
  [modKey('K'), 'Ask the assistant, for the selected text or at the cursor'],
  [`${altKey('Y')} / ${altKey('N')}`, 'Accept or reject the change at the cursor'],
  [altShiftKey('Y'), 'Accept the whole proposal'],
  ['F8', 'Go to the next change'],
  [modKey('B'), 'Show or hide the files'],
  [modShiftKey('F'), 'Find and replace in all files'],
  [modKey('J'), 'Show or hide the conversations'],
  [historyKeys.panel, 'Show or hide what the text was'],
  [historyKeys.whoWrote, 'Show who wrote which line'],
]

function Keys() {
  return (
    <>
      <h2>Keys worth knowing</h2>
      <dl className="keys">
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}

/** What the middle shows while no file is open. */
export function Welcome() {
  const { tree, summary } = useWorkspace()
  const { name } = useStore(summary)
  const { canEdit } = useRole()
  const narrow = useNarrow()
  const empty = useStore(tree.tree).nodes.size === 0
  return (
    <section className="welcome">
      <h1>{name}</h1>
      {empty && canEdit ? (
        <>
          <p>Nothing is here yet. Drop files, a folder or a zip here, or begin with an empty page.</p>
          <div className="row">
            <NewFileButton />
            <UploadButton />
          </div>
        </>
      ) : (
        <p>{empty ? 'Nothing is here yet.' : 'Choose a file to open it.'}</p>
      )}
      {narrow ? <EntryList folder={null} /> : <Keys />}
    </section>
  )
}
