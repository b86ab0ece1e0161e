import { TakenBack } from '../assistant/TakenBack'
import { takenAwayFrom } from '../assistant/takenAway'
import { go } from '../app/location'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { Notice } from '../ui/Notice'
import { useWorkspace } from '../workspace/context'

export default function MissingFile({ path }: { path: string }) {
  const { id, tree, suggestions } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  const away = takenAwayFrom(useStore(suggestions.state), path, (document) => nodes.has(document))
  if (away !== null) return <TakenBack away={away} />
  return (
    <Notice
      title="There is no such file"
      actions={<Button onClick={() => go({ at: 'workspace', workspace: id, path: '' })}>Back to the workspace</Button>}
    >
      <p>
        Nothing is at <code>{path}</code>. It may have been deleted or renamed.
      </p>
    </Notice>
  )
}
