import { Document, isMap, isScalar, parseDocument, stringify, YAMLMap } from 'yaml'

export const settingNames = [
  'endpoint',
  'model',
  'temperature',
  'top_p',
  'top_k',
  'max_tokens',
  'system_instruction',
] as const
export type SettingName = (typeof settingNames)[number]

/** Everything as it is written, "" for what is not set: what a number must look like is for the server to say. */
export type Settings = Record<SettingName, string>

export const noticeKinds = ['broken', 'faults', 'repeated', 'todo', 'question'] as const
export const noticeNames = [...noticeKinds, 'knowledge', 'most_per_hour', 'quiet_hours', 'time_zone'] as const
export type NoticeName = (typeof noticeNames)[number]

/** What it says without being asked, as it is written; "" for what is not set. */
export type Notices = Record<NoticeName, string>

export type RecipeKind = 'edit' | 'write' | 'chat'
export interface OwnRecipe {
  kind: RecipeKind
  instruction: string
}
/** A recipe of the file; "hidden" takes a built-in one away. */
export type Recipes = ReadonlyMap<string, OwnRecipe | 'hidden'>

export interface AssistantFile {
  settings: Settings
  recipes: Recipes
  notices: Notices
}

/** A piece of the text to be replaced. */
export interface TextEdit {
  from: number
  to: number
  insert: string
}

// As on the server, every scalar is a string. Long lines are left as they are.
const read = { schema: 'failsafe', prettyErrors: false } as const
const write = { schema: 'failsafe', lineWidth: 0, blockQuote: 'literal' } as const

type Root = YAMLMap.Parsed
type Entry = Root['items'][number]

export const noSettings: Settings = {
  endpoint: '',
  model: '',
  temperature: '',
  top_p: '',
  top_k: '',
  max_tokens: '',
  system_instruction: '',
}

export const noNotices = Object.fromEntries(noticeNames.map((name) => [name, ''])) as Notices

const isKind = (kind: unknown): kind is RecipeKind => kind === 'edit' || kind === 'write' || kind === 'chat'

function scalar(node: unknown): string {
  return isScalar(node) && typeof node.value === 'string' ? node.value : ''
}

function readRecipes(node: unknown): Recipes {
  const recipes = new Map<string, OwnRecipe | 'hidden'>()
  if (!isMap(node)) return recipes
  for (const { key, value } of node.items) {
    if (isMap(value)) {
      const kind = scalar(value.get('kind', true))
      recipes.set(scalar(key), {
        kind: isKind(kind) ? kind : 'edit',
        instruction: scalar(value.get('instruction', true)),
      })
    } else if (scalar(value) === 'hidden') recipes.set(scalar(key), 'hidden')
  }
  return recipes
}

function readNotices(node: unknown): Notices {
  const notices = { ...noNotices }
  if (isMap(node)) for (const name of noticeNames) notices[name] = scalar(node.get(name, true))
  return notices
}

/** What the text sets, as far as it can be understood; null where it is no list of settings at all. */
export function readAssistantFile(text: string): AssistantFile | null {
  const parsed = parseDocument(text, read)
  if (parsed.errors.length > 0) return null
  const { contents } = parsed
  if (contents === null || (isScalar(contents) && contents.value === ''))
    return { settings: noSettings, recipes: new Map(), notices: noNotices }
  if (!isMap(contents)) return null
  const settings = { ...noSettings }
  for (const name of settingNames) settings[name] = scalar(contents.get(name, true))
  return {
    settings,
    recipes: readRecipes(contents.get('recipes', true)),
    notices: readNotices(contents.get('notices', true)),
  }
}

/**
 * The edits that make `text` set what `settings`, `recipes` and `notices` say, and leave all else as it stands: order,
 * comments, blank lines. A setting that becomes "" goes, with its line. Null where the text cannot be read.
 */
export function editsOf(
  text: string,
  settings: Partial<Settings>,
  recipes: Recipes | null,
  notices: Partial<Notices> = {},
): TextEdit[] | null {
  const before = readAssistantFile(text)
  if (before === null) return null
  const edits: TextEdit[] = []
  const root = rootOf(text)
  for (const name of settingNames) {
    const value = settings[name]
    if (value === undefined || value === before.settings[name]) continue
    edits.push(settingEdit(text, root, name, value))
  }
  if (recipes !== null && !sameRecipes(recipes, before.recipes)) edits.push(recipesEdit(text, root, recipes))
  const meant = {
    settings: { ...before.settings, ...settings },
    recipes: recipes ?? before.recipes,
    notices: { ...before.notices, ...notices },
  }
  if (!sameNotices(meant.notices, before.notices)) edits.push(noticesEdit(text, root, meant.notices))
  if (says(applied(text, edits), meant)) return edits
  // Braces around all of it, a comment in an odd place: then all of it is written anew, in the same order.
  return [{ from: 0, to: text.length, insert: rewritten(text, meant) }]
}

/** `mine`, made out of `base`, with what others have made of it meanwhile wherever I have left it as it was. */
export function mergedRecipes(base: Recipes, mine: Recipes, theirs: Recipes): Recipes {
  const result = new Map<string, OwnRecipe | 'hidden'>()
  for (const name of new Set([...mine.keys(), ...theirs.keys()])) {
    const untouched = sameRecipe(mine.get(name), base.get(name))
    const recipe = (untouched ? theirs : mine).get(name)
    if (recipe !== undefined) result.set(name, recipe)
  }
  return result
}

/** `text` after edits of which none overlap. */
export function applied(text: string, edits: readonly TextEdit[]): string {
  let result = text
  for (const { from, to, insert } of lastFirst(edits)) result = result.slice(0, from) + insert + result.slice(to)
  return result
}

/** In this order, none of them moves another; of those at one place, the first of the list comes to stand first. */
export const lastFirst = (edits: readonly TextEdit[]): TextEdit[] =>
  [...edits].reverse().sort((a, b) => b.from - a.from)

function rootOf(text: string): Root | null {
  const { contents } = parseDocument(text, read)
  return isMap(contents) ? contents : null
}

const entryOf = (root: Root | null, name: string): Entry | undefined =>
  root?.items.find((entry) => scalar(entry.key) === name)

const startOf = (entry: Entry): number => entry.key.range[0]

/** Behind the last line of the entry. */
function endOf(text: string, entry: Entry): number {
  const end = (entry.value ?? entry.key).range[2]
  if (end > 0 && text[end - 1] === '\n') return end
  const line = text.indexOf('\n', end)
  return line === -1 ? text.length : line + 1
}

function settingEdit(text: string, root: Root | null, name: SettingName, value: string): TextEdit {
  const entry = entryOf(root, name)
  const line = stringify({ [name]: value }, write)
  if (entry === undefined) return insertion(text, root, name, line)
  const from = startOf(entry)
  if (value === '') return { from, to: endOf(text, entry), insert: '' }
  const body = line.slice(name.length + 1).trim()
  if (entry.value === null) return { from: entry.key.range[1], to: entry.key.range[1], insert: `: ${body}` }
  const [start, end] = entry.value.range
  const was = text.slice(start, end)
  const gap = text[start - 1] === ':' ? ' ' : ''
  return { from: start, to: end, insert: gap + body + (was.endsWith('\n') ? '\n' : '') }
}

/** The section `name` with what `fill` makes of it, and the comments that stand among what stays; empty, it goes. */
function sectionEdit(
  text: string,
  root: Root | null,
  name: 'recipes' | 'notices',
  fill: (known: YAMLMap, section: Document) => void,
): TextEdit {
  const entry = entryOf(root, name)
  const section = new Document({}, write)
  const own: unknown = entry?.value
  const known = isMap(own) ? own : new YAMLMap()
  known.flow = false
  fill(known, section)
  section.set(name, known)
  const insert = known.items.length === 0 ? '' : section.toString({ lineWidth: 0 })
  if (entry === undefined) return insertion(text, root, name, insert)
  return { from: startOf(entry), to: endOf(text, entry), insert }
}

const recipesEdit = (text: string, root: Root | null, recipes: Recipes): TextEdit =>
  sectionEdit(text, root, 'recipes', (known, section) => {
    for (const name of [...known.items].map(({ key }) => scalar(key))) if (!recipes.has(name)) known.delete(name)
    const before = readRecipes(known)
    for (const [name, recipe] of recipes) {
      if (sameRecipe(before.get(name), recipe)) continue
      known.set(name, recipe === 'hidden' ? recipe : section.createNode({ ...recipe }))
    }
  })

const noticesEdit = (text: string, root: Root | null, notices: Notices): TextEdit =>
  sectionEdit(text, root, 'notices', (known) => {
    for (const name of noticeNames) {
      if (notices[name] === '') known.delete(name)
      else if (scalar(known.get(name, true)) !== notices[name]) known.set(name, notices[name])
    }
  })

/** A line of its own, behind the settings that usually stand before it. */
function insertion(text: string, root: Root | null, name: SettingName | 'recipes' | 'notices', line: string): TextEdit {
  const order: readonly string[] = [...settingNames, 'recipes', 'notices']
  const rank = order.indexOf(name)
  const above = root?.items.filter((entry) => order.indexOf(scalar(entry.key)) < rank).at(-1)
  const first = root?.items[0]
  const at = above !== undefined ? endOf(text, above) : first !== undefined ? startOf(first) : text.length
  const gap = at > 0 && text[at - 1] !== '\n' ? '\n' : ''
  return { from: at, to: at, insert: gap + line }
}

function rewritten(text: string, { settings, recipes, notices }: AssistantFile): string {
  const whole: Document = parseDocument(text, write)
  if (!isMap(whole.contents)) whole.contents = whole.createNode({})
  for (const name of settingNames) {
    if (settings[name] === '') whole.delete(name)
    else whole.set(name, settings[name])
  }
  if (recipes.size === 0) whole.delete('recipes')
  else whole.set('recipes', Object.fromEntries(recipes))
  const chosen = Object.entries(notices).filter(([, value]) => value !== '')
  if (chosen.length === 0) whole.delete('notices')
  else whole.set('notices', Object.fromEntries(chosen))
  return whole.toString({ lineWidth: 0 })
}

function sameRecipe(a: OwnRecipe | 'hidden' | undefined, b: OwnRecipe | 'hidden' | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b
  return a.kind === b.kind && a.instruction === b.instruction
}

function sameRecipes(a: Recipes, b: Recipes): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([name, recipe]) => sameRecipe(recipe, b.get(name)))
}

const sameNotices = (a: Notices, b: Notices): boolean => noticeNames.every((name) => a[name] === b[name])

function says(text: string, meant: AssistantFile): boolean {
  const found = readAssistantFile(text)
  return (
    found !== null &&
    settingNames.every((name) => found.settings[name].trim() === meant.settings[name].trim()) &&
    sameRecipes(found.recipes, meant.recipes) &&
    sameNotices(found.notices, meant.notices)
  )
}
