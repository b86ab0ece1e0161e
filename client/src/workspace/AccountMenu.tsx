import { Suspense, useState } from 'react'
import { lazily } from '../ui/lazily'
import { entryOf, writtenKey } from '../actions/catalogue'
import { useActions } from '../actions/useActions'
import { signOut } from '../app/account'
import { go } from '../app/location'
import { setTheme, theme, type Theme } from '../app/theme'
import { keyStyle, keyStyles, setKeyStyle } from '../editor/keys/setting'
import { completing, type Completing, setCompleting } from '../ghost/setting'
import { useStore } from '../lib/store'
import { useColorOf } from '../people/useColorOf'
import { showPalette } from '../palette/shown'
import { Avatar } from '../ui/Avatar'
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '../ui/Menu'
import { attempt } from '../ui/toasts'
import { useRole, useWorkspace } from './context'

const AssistantDialog = lazily(() => import('../config/AssistantDialog'))
const SettingsDialog = lazily(() => import('./SettingsDialog'), { ahead: true })
const ColorsDialog = lazily(() => import('../editor/colors/ColorsDialog'))
const RecordsDialog = lazily(() => import('../records/RecordsDialog'))
const TokensDialog = lazily(() => import('../people/TokensDialog'))

const themes: [Theme, string][] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

const completions: [Completing, string][] = [
  ['on', 'In grey, for you alone'],
  ['off', 'Off'],
]

export function AccountMenu() {
  const { me, api } = useWorkspace()
  const { canEdit } = useRole()
  const color = useColorOf(me.id)
  const chosen = useStore(theme)
  const [dialog, setDialog] = useState<'settings' | 'assistant' | 'colors' | 'records' | 'tokens' | null>(null)
  const completes = useStore(completing)
  const keys = useStore(keyStyle)
  const close = () => setDialog(null)
  const leave = () => void attempt('You are still signed in', signOut)
  useActions({
    'go.home': () => go({ at: 'home' }),
    'go.figures': () => go({ at: 'figures', workspace: api.id }),
    'show.system': () => setTheme('system'),
    'show.light': () => setTheme('light'),
    'show.dark': () => setTheme('dark'),
    'show.colors': () => setDialog('colors'),
    'keys.plain': () => setKeyStyle('plain'),
    'keys.vim': () => setKeyStyle('vim'),
    'keys.emacs': () => setKeyStyle('emacs'),
    'workspace.export': () => location.assign(api.exportUrl),
    'workspace.settings': () => setDialog('settings'),
    ...(canEdit ? { 'workspace.assistant': () => setDialog('assistant') } : {}),
    ...(canEdit ? { 'ghost.on': () => setCompleting('on'), 'ghost.off': () => setCompleting('off') } : {}),
    'workspace.records': () => setDialog('records'),
    'workspace.tokens': () => setDialog('tokens'),
    'workspace.signOut': leave,
  })
  return (
    <>
      <Menu
        trigger={
          <button type="button" className="avatar-button" aria-label={`${me.name}: theme and account`}>
            <Avatar name={me.name} color={color} />
          </button>
        }
      >
        <MenuLabel>{me.name}</MenuLabel>
        <MenuItem onSelect={() => go({ at: 'home' })}>All workspaces</MenuItem>
        <MenuItem onSelect={() => go({ at: 'figures', workspace: api.id })}>Figures of the assistant</MenuItem>
        <MenuItem onSelect={() => location.assign(api.exportUrl)}>Download everything as a zip</MenuItem>
        <MenuItem keys={writtenKey('workspace.settings')} onSelect={() => setDialog('settings')}>
          This workspace…
        </MenuItem>
        {canEdit ? <MenuItem onSelect={() => setDialog('assistant')}>The assistant…</MenuItem> : null}
        <MenuItem onSelect={() => setDialog('records')}>What is recorded…</MenuItem>
        <MenuItem onSelect={() => setDialog('tokens')}>API tokens…</MenuItem>
        <MenuSeparator />
        <MenuItem keys={writtenKey('go.actions')} onSelect={() => showPalette('actions')}>
          {entryOf('go.actions').title}
        </MenuItem>
        <MenuItem keys={writtenKey('go.keys')} onSelect={() => showPalette('keys')}>
          {entryOf('go.keys').title}
        </MenuItem>
        <MenuSeparator />
        <MenuLabel>Light or dark</MenuLabel>
        <MenuChoice value={chosen} choices={themes} onChange={setTheme} />
        <MenuItem onSelect={() => setDialog('colors')}>{entryOf('show.colors').title}</MenuItem>
        <MenuSeparator />
        <MenuLabel>Suggestions while you type</MenuLabel>
        <MenuChoice value={completes} choices={completions} onChange={setCompleting} />
        <MenuSeparator />
        <MenuLabel>Keys in the text</MenuLabel>
        <MenuChoice value={keys} choices={keyStyles} onChange={setKeyStyle} />
        <MenuSeparator />
        <MenuItem onSelect={leave}>Sign out</MenuItem>
      </Menu>
      <Suspense>
        {dialog === 'settings' ? <SettingsDialog onClose={close} /> : null}
        {dialog === 'assistant' ? <AssistantDialog onClose={close} /> : null}
        {dialog === 'colors' ? <ColorsDialog onClose={close} /> : null}
        {dialog === 'records' ? <RecordsDialog onClose={close} /> : null}
        {dialog === 'tokens' ? <TokensDialog onClose={close} /> : null}
      </Suspense>
    </>
  )
}
