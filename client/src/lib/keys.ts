/** A key as CodeMirror writes it, such as "Mod-Shift-p" or "F8"; "Mod" is Cmd on a Mac and Ctrl elsewhere. */
export type Key = string

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

const signs: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
  Delete: 'Del',
}

const macSigns: Readonly<Record<string, string>> = { Ctrl: '⌃', Alt: '⌥', Shift: '⇧', Mod: '⌘', Cmd: '⌘' }
const order = ['Ctrl', 'Mod', 'Cmd', 'Alt', 'Shift']

function parts(key: Key): { held: string[]; last: string } {
  const all = key.split(/-(?!$)/)
  const last = all.pop() ?? ''
  return { held: all.sort((a, b) => order.indexOf(a) - order.indexOf(b)), last }
}

/** How a key is written for people: "Ctrl Shift P", on a Mac "⇧⌘P". */
export function written(key: Key, mac = isMac): string {
  const { held, last } = parts(key)
  const name = signs[last] ?? (last.length === 1 ? last.toUpperCase() : last)
  if (!mac) return [...held.map((one) => (one === 'Mod' ? 'Ctrl' : one)), name].join(' ')
  // The order of Apple's menus.
  const marks = ['Ctrl', 'Alt', 'Shift', 'Mod', 'Cmd'].filter((one) => held.includes(one))
  return marks.map((one) => macSigns[one] ?? one).join('') + name
}

type Pressed = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>

/** Whether this key was pressed, with what is held and nothing else. */
export function isPressed(key: Key, event: Pressed, mac = isMac): boolean {
  const { held, last } = parts(key)
  const holds = (name: string) => held.includes(name)
  const ctrl = holds('Ctrl') || (!mac && holds('Mod'))
  const meta = holds('Cmd') || (mac && holds('Mod'))
  if (event.ctrlKey !== ctrl || event.metaKey !== meta) return false
  if (event.altKey !== holds('Alt') || event.shiftKey !== holds('Shift')) return false
  if (event.key.toLowerCase() === last.toLowerCase()) return true
  // On a keyboard that writes other letters, the key is the one in that place.
  const foreign = event.key.length === 1 && event.key.charCodeAt(0) > 127
  return foreign && last.length === 1 && event.code === `Key${last.toUpperCase()}`
}
