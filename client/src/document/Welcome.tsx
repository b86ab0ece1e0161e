import { writtenKey } from '../actions/catalogue'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { NewFileButton } from '../tree/NewFileButton'
import { UploadButton } from '../tree/UploadButton'
import { ExamplesButton } from './ExamplesButton'
import { EntryList } from './FolderView'
import { useRole, useWorkspace } from '../workspace/context'

const keys: [string, string][] = [
  [writtenKey('go.file'), 'Open a file by a few letters of its name'],
  [writtenKey('go.actions'), 'Everything that can be done here, and its keys'],
  [writtenKey('ask'), 'Ask the assistant, for the selected text or at the cursor'],
  [`${writtenKey('review.accept')} / ${writtenKey('review.reject')}`, 'Accept or reject the change at the cursor'],
  [writtenKey('review.acceptAll'), 'Accept the whole proposal'],
  [writtenKey('review.next'), 'Go to the next change'],
  [writtenKey('show.files'), 'Show or hide the files'],
  [writtenKey('go.find'), 'Find and replace in all files'],
  [writtenKey('show.chat'), 'Show or hide the conversations'],
  [writtenKey('show.history'), 'Show or hide what the text was'],
  [writtenKey('show.authors'), 'Show who wrote which line'],
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
          <p>
            Nothing is here yet. Drop files, a folder or a zip here, or begin with an empty page. Or have something to
            try things on first.
          </p>
          <div className="row">
            <NewFileButton />
            <UploadButton />
            <ExamplesButton />
          </div>
        </>
      ) : (
        <p>{empty ? 'Nothing is here yet.' : 'Choose a file to open it.'}</p>
      )}
      {narrow ? <EntryList folder={null} /> : <Keys />}
    </section>
  )
}
