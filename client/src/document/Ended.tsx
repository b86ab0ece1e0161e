import { decide } from '../api/workspace'
import { type TakenAway, takenAway } from '../assistant/takenAway'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { Button } from '../ui/Button'
import { attempt, tell } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { type Ending, replacement } from './ending'
import type { DocumentSession } from './session'

interface TakenBackProps {
  away: TakenAway
  canDecide: boolean
}

/** A new file of the assistant that nobody kept: who took it away, and the way back. */
function TakenBack({ away: { suggestion, hunk }, canDecide }: TakenBackProps) {
  const back = () => decide(suggestion.id, [hunk.id], 'undo', {})
  return (
    <section className="ended" role="alert">
      <div>
        <h2>This new file was taken back</h2>
        <p>
          {hunk.decided_by?.name ?? 'Somebody'} undid what {suggestion.author.name} had written here for{' '}
          {suggestion.requested_by.name}. Nobody had written anything else in it, so the file is in the trash.
        </p>
      </div>
      {canDecide ? (
        <div className="row">
          <Button onClick={() => void attempt('The file was not brought back', back)}>Bring it back</Button>
        </div>
      ) : null}
    </section>
  )
}

interface EndedProps {
  ending: Ending
  node: TreeNode
  session: DocumentSession
}

/** Why this text can no longer be edited, and what can still be done with it. */
export function Ended({ ending, node, session }: EndedProps) {
  const { api, tree, suggestions } = useWorkspace()
  const { canEdit } = useRole()
  const { byPath, nodes } = useStore(tree.tree)
  const there = byPath.get(node.path)
  const state = useStore(suggestions.state)
  const away = nodes.has(node.id) || session.text.length > 0 ? null : takenAway(state, node.id)
  if (away !== null) return <TakenBack away={away} canDecide={canEdit} />
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
