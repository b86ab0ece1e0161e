import { ChevronDown } from 'lucide-react'
import { type ActionId, entryOf, keysOf } from '../actions/catalogue'
import { registry } from '../actions/registry'
import { written } from '../lib/keys'
import { IconButton } from '../ui/Button'
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '../ui/Menu'

const entries: ActionId[] = ['tabs.close', 'tabs.closeOthers', 'tabs.closeAll', 'tabs.reopen']

interface TabsMenuProps {
  active: string | null
  choices: readonly (readonly [document: string, name: string])[]
  onChoose: (document: string) => void
}

/** Those that can be done now. */
function Entries() {
  const possible = new Set(registry.list().flatMap(({ id, available }) => (available === true ? [id] : [])))
  return entries
    .filter((id) => possible.has(id))
    .map((id) => {
      const [key] = keysOf(id)
      return (
        <MenuItem
          key={id}
          onSelect={() => void registry.run(id)}
          {...(key === undefined ? {} : { keys: written(key) })}
        >
          {entryOf(id).title}
        </MenuItem>
      )
    })
}

/** All tabs, also those for which the strip has no room, and what can be done with them. */
export function TabsMenu({ active, choices, onChoose }: TabsMenuProps) {
  return (
    <Menu
      trigger={
        <IconButton label={choices.length === 1 ? 'The open file' : `The ${choices.length} open files`}>
          <ChevronDown />
        </IconButton>
      }
    >
      <div className="menu-scroller">
        <MenuChoice value={active ?? ''} choices={choices} onChange={onChoose} />
      </div>
      <MenuSeparator />
      <Entries />
    </Menu>
  )
}
