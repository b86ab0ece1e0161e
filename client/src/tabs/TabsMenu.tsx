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

function Entry({ id, available }: { id: ActionId; available: boolean }) {
  const [key] = keysOf(id)
  return (
    <MenuItem
      disabled={!available}
      onSelect={() => void registry.run(id)}
      {...(key === undefined ? {} : { keys: written(key) })}
    >
      {entryOf(id).title}
    </MenuItem>
  )
}

function Entries() {
  const offered = new Map(registry.list().map(({ id, available }) => [id, available === true]))
  return entries.map((id) => <Entry key={id} id={id} available={offered.get(id) ?? false} />)
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
      <MenuChoice value={active ?? ''} choices={choices} onChange={onChoose} />
      <MenuSeparator />
      <Entries />
    </Menu>
  )
}
