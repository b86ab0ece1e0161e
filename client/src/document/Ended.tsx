import { TakenBack } from '../assistant/TakenBack'
import { takenAway } from '../assistant/takenAway'
import { useStore } from '../lib/store'
import { PutBackButton } from '../trash/PutBackButton'
import type { TreeNode } from '../tree/rules'
import { Button } from '../ui/Button'
import { attempt, tell } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { type Ending, replacement } from './ending'
import type { DocumentSession } from './session'

interface EndedProps {
  ending: Ending
  node: TreeNode
  session: DocumentSession
}

/** Why this text can no longer be edited, and what can still be done with it. */
export function Ended({ ending, node, session }: EndedProps) {
  const { api, tree, suggestions } = useWorkspace()
  const { byPath, nodes } = useStore(tree.tree)
  const there = byPath.get(node.path)
  const state = useStore(suggestions.state)
  const away = nodes.has(node.id) || session.text.length > 0 ? null : takenAway(state, node.id)
  if (away !== null) return <TakenBack away={away} />
  const replaced = there !== undefined && there.id !== node.id
  const { title, detail } = replaced ? replacement : ending
  const discard = async () => {
    await session.discardOwnEdits()
    location.reload()
  }
  const copy = async () => {
    await navigator.clipboard.writeText(session.text.toString())
    tell('The text is in your clipboard')
  }
  return (
    <section className="ended" role="alert">
      <div>
        <h2>{title}</h2>
        <p>{detail}</p>
      </div>
      <div className="row">
        {ending.keepsText ? (
          <Button onClick={() => void attempt('The text was not copied', copy)}>Copy the text</Button>
        ) : (
          <a className="button" href={api.fileUrl(node.path)} download={node.name}>
            Download
          </a>
        )}
        {ending.deleted && !replaced ? <PutBackButton gone={node} onBack={() => session.leave()} /> : null}
        {replaced ? <Button onClick={() => session.leave()}>Open the file as it is now</Button> : null}
        {ending.ownFault ? (
          <Button look="danger" onClick={() => void attempt('Your edits were not dropped', discard)}>
            Go back to what is saved
          </Button>
        ) : null}
      </div>
    </section>
  )
}
