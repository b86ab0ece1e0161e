import { useEffect, useState } from 'react'
import { TakenBack } from '../assistant/TakenBack'
import { takenAwayFrom } from '../assistant/takenAway'
import { go } from '../app/location'
import { type Deleted, listTrash } from '../api/trash'
import { useStore } from '../lib/store'
import { PutBackButton } from '../trash/PutBackButton'
import { Button } from '../ui/Button'
import { Notice } from '../ui/Notice'
import { useWorkspace } from '../workspace/context'

/** What was at `path` and was deleted last, if anything was. */
function useDeleted(path: string): Deleted | null {
  const { id } = useWorkspace()
  const [found, setFound] = useState<{ path: string; entry: Deleted | null } | null>(null)
  useEffect(() => {
    let current = true
    listTrash(id).then(
      (deleted) => {
        const last = deleted
          .filter((entry) => entry.path === path)
          .sort((a, b) => (b.deleted_at ?? '').localeCompare(a.deleted_at ?? ''))
        if (current) setFound({ path, entry: last[0] ?? null })
      },
      () => undefined, // the sentence alone is true as well
    )
    return () => {
      current = false
    }
  }, [id, path])
  return found?.path === path ? found.entry : null
}

export default function MissingFile({ path }: { path: string }) {
  const { id, tree, suggestions } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  const deleted = useDeleted(path)
  const away = takenAwayFrom(useStore(suggestions.state), path, (document) => nodes.has(document))
  if (away !== null) return <TakenBack away={away} />
  return (
    <Notice
      title="There is no such file"
      actions={
        <>
          <Button onClick={() => go({ at: 'workspace', workspace: id, path: '' })}>Back to the workspace</Button>
          {deleted === null ? null : <PutBackButton gone={deleted} />}
        </>
      }
    >
      <p>
        {deleted === null ? (
          <>
            Nothing is at <code>{path}</code>. It may have been deleted or renamed.
          </>
        ) : (
          <>
            <code>{path}</code> was deleted{deleted.deleted_by === null ? '' : ` by ${deleted.deleted_by.name}`}, and is
            in the trash.
          </>
        )}
      </p>
    </Notice>
  )
}
