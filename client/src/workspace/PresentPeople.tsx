import { useNarrow } from '../lib/hooks'
import { baseName } from '../lib/paths'
import { useStore } from '../lib/store'
import { type Presence, people } from '../tree/presence'
import { Avatar } from '../ui/Avatar'
import { Hint } from '../ui/Button'
import { useWorkspace } from './context'

/** More than these become a number. */
const most = { wide: 4, narrow: 1 }

const namesOf = (present: readonly Presence[]) => present.map((person) => person.name).join(', ')

/** Who else is here. A click on somebody shows what they see; on a phone it leads to the people. */
export function PresentPeople({ onOpen }: { onOpen: () => void }) {
  const { tree, me } = useWorkspace()
  const here = people(useStore(tree.presence)).filter((person) => person.user !== me.id)
  const narrow = useNarrow()
  if (here.length === 0) return null
  const shown = here.slice(0, narrow ? most.narrow : most.wide)
  const more = here.length > shown.length ? `+${here.length - shown.length}` : null
  const hidden = here.slice(shown.length)
  if (!narrow) {
    return (
      <div className="present" role="group" aria-label={`Here now: ${namesOf(here)}`}>
        {shown.map((person) => (
          <FollowButton key={person.user} person={person} />
        ))}
        {more === null ? null : (
          <button type="button" className="present-more" aria-label={`${more}: show all people`} onClick={onOpen}>
            {more}
          </button>
        )}
      </div>
    )
  }
  return (
    <button
      type="button"
      className="present"
      aria-label={`Here now: ${[shown, hidden].map(namesOf).filter(Boolean).join(` ${more} more: `)}. Show people`}
      onClick={onOpen}
    >
      {shown.map((person) => (
        <Avatar key={person.user} name={person.name} color={person.color} />
      ))}
      {more === null ? null : <span className="present-more">{more}</span>}
    </button>
  )
}

function FollowButton({ person }: { person: Presence }) {
  const { tree, following } = useWorkspace()
  const node = useStore(tree.tree).nodes.get(person.document ?? '')
  const followed = useStore(following.user) === person.user
  const where = node === undefined ? person.name : `${person.name}, in ${baseName(node.path)}`
  const label = followed ? `${where}: stop following` : `${where}: follow`
  return (
    <Hint label={label}>
      <button
        type="button"
        className="present-person"
        aria-label={label}
        aria-pressed={followed}
        onClick={() => following.toggle(person.user)}
      >
        <Avatar name={person.name} color={person.color} />
      </button>
    </Hint>
  )
}
