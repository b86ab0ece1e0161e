import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { people } from '../tree/presence'
import { Avatar } from '../ui/Avatar'
import { Hint } from '../ui/Button'
import { useWorkspace } from './context'

/** More than these become a number. */
const most = { wide: 4, narrow: 2 }

export function PresentPeople({ onOpen }: { onOpen: () => void }) {
  const { tree, me } = useWorkspace()
  const here = people(useStore(tree.presence)).filter((person) => person.user !== me.id)
  const shown = useNarrow() ? most.narrow : most.wide
  if (here.length === 0) return null
  const names = here.map((person) => person.name).join(', ')
  return (
    <Hint label={`Here now: ${names}`}>
      <button type="button" className="present" aria-label={`Here now: ${names}. Show people`} onClick={onOpen}>
        {here.slice(0, shown).map((person) => (
          <Avatar key={person.user} name={person.name} color={person.color} />
        ))}
        {here.length > shown ? <span className="present-more">+{here.length - shown}</span> : null}
      </button>
    </Hint>
  )
}
