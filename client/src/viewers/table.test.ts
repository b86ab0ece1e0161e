import { expect, test } from 'vitest'
import { mostRows, numericColumns, readTable } from './table'

test('values with commas, quotes and line breaks', () => {
  const table = readTable('name,note\n"A, B","said ""so""\nthen"\n\nC,\n', 'a.csv')
  expect(table).toEqual({
    head: ['name', 'note'],
    rows: [
      ['A, B', 'said "so"\nthen'],
      ['C', ''],
    ],
    isCut: false,
  })
})

test('values between tabs or semicolons', () => {
  expect(readTable('a\tb, c\n1\t2', 'a.tsv').head).toEqual(['a', 'b, c'])
  expect(readTable('a;b\n1,5;2\n', 'a.csv').rows).toEqual([['1,5', '2']])
})

test('of a long text the beginning', () => {
  const table = readTable('a\n' + '1\n'.repeat(mostRows + 1), 'a.csv')
  expect(table.rows).toHaveLength(mostRows)
  expect(table.isCut).toBe(true)
  expect(readTable('a\n' + '1\n'.repeat(mostRows), 'a.csv').isCut).toBe(false)
  expect(readTable(','.repeat(100), 'a.csv').head).toHaveLength(60)
})

test('nothing', () => {
  expect(readTable('', 'a.csv')).toEqual({ head: [], rows: [], isCut: false })
})

test('columns of numbers', () => {
  expect(numericColumns(readTable('a,b,c,d\n1,x,,12 %\n-2.5,2,,1e9\n', 'a.csv'))).toEqual([true, false, false, true])
})
