import { go } from '../app/location'
import { Button } from '../ui/Button'
import { Notice } from '../ui/Notice'
import { useWorkspace } from '../workspace/context'

export function MissingFile({ path }: { path: string }) {
  const { id } = useWorkspace()
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
