import type { TreeNode } from '../tree/rules'
import { baseName } from '../lib/paths'
import { emptyLayout, type Half, type Layout, type Side, type Tab } from './layout'

/** More tabs than anybody looks through are not taken from what a browser has kept. */
const mostTabs = 200

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** What is kept of a layout for the next visit. What was closed is forgotten. */
export function writeLayout({ halves, focus }: Layout): string {
  return JSON.stringify({
    focus,
    halves: halves.map(({ tabs, active, recent }) => ({
      tabs: tabs
        .filter(({ deleted }) => !deleted)
        .map(({ node: { id, kind, path }, kept }) => ({ id, kind, path, kept })),
      active,
      recent,
    })),
  })
}

function readTab(value: unknown): Tab | null {
  if (!isObject(value)) return null
  const { id, kind, path, kept } = value
  if (typeof id !== 'string' || typeof path !== 'string' || path === '') return null
  if (kind !== 'text' && kind !== 'binary') return null
  const node: TreeNode = { id, kind, path, parent: null, name: baseName(path) }
  return { node, kept: kept !== false, deleted: false }
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function readHalf(value: unknown): Half {
  if (!isObject(value)) return { tabs: [], active: null, recent: [] }
  const tabs: Tab[] = []
  for (const one of list(value.tabs).slice(0, mostTabs)) {
    const tab = readTab(one)
    if (tab === null || tabs.some(({ node }) => node.id === tab.node.id)) continue
    const isSecondPreview = !tab.kept && tabs.some(({ kept }) => !kept)
    tabs.push(isSecondPreview ? { ...tab, kept: true } : tab)
  }
  const isTab = (id: unknown): id is string => tabs.some(({ node }) => node.id === id)
  const recent = [...new Set(list(value.recent).filter(isTab))]
  const active = isTab(value.active) ? value.active : (recent[0] ?? tabs.at(-1)?.node.id ?? null)
  return { tabs, active, recent }
}

/** Reads what an earlier visit has kept, or whatever else is there. */
export function readLayout(json: string | null): Layout {
  let value: unknown
  try {
    value = JSON.parse(json ?? 'null')
  } catch {
    return emptyLayout
  }
  if (!isObject(value)) return emptyLayout
  const halves = list(value.halves)
    .slice(0, 2)
    .map(readHalf)
    .filter(({ tabs }) => tabs.length > 0)
  if (halves.length === 0) return emptyLayout
  const focus: Side = value.focus === 1 && halves.length === 2 ? 1 : 0
  return { halves, focus, closed: [] }
}
