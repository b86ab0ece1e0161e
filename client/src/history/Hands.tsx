import type { Hand } from '../api/history'
import { useColorOf } from '../people/useColorOf'
import { AssistantAvatar, Avatar } from '../ui/Avatar'
import { useWorkspace } from '../workspace/context'
import { inOrder } from './words'

/** More than these become a number. */
const most = 4

function PersonAvatar({ hand }: { hand: Hand }) {
  return <Avatar name={hand.name} color={useColorOf(hand.id)} />
}

/** Those who took part, each in their colour. Their names stand beside it. */
export function Hands({ hands }: { hands: readonly Hand[] }) {
  const { me } = useWorkspace()
  const ordered = inOrder(hands, me.id)
  const shown = ordered.length > most ? ordered.slice(0, most - 1) : ordered
  return (
    <span className="hands" aria-hidden>
      {shown.map((hand) =>
        hand.kind === 'assistant' ? <AssistantAvatar key="assistant" /> : <PersonAvatar key={hand.id} hand={hand} />,
      )}
      {ordered.length > shown.length ? <span className="hands-more">+{ordered.length - shown.length}</span> : null}
    </span>
  )
}
