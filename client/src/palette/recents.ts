import { recent, type Recent } from '../lib/recent'

/** By document, so that they are known under whatever name they have by now. */
export const recentFiles = (workspace: string): Recent => recent(`scriptorium:recent:${workspace}`, 50)

export const recentActions: Recent = recent('scriptorium:recent-actions', 20)
