// All browser tests, in one process so that they share two demos and one browser.

import { after } from 'node:test'
import { accessibilityTests } from './accessibility.mjs'
import { administrationTests } from './administration.mjs'
import { launch } from './browser.mjs'
import { budgetTests } from './budget.mjs'
import { checklistTests } from './checklist.mjs'
import { dashboardTests } from './dashboards.mjs'
import { Demo } from './demo.mjs'
import { errorTests } from './errors.mjs'
import { exchangeTests } from './exchange.mjs'
import { fileTests } from './files.mjs'
import { largeTests } from './large.mjs'
import { limitedTests } from './limited.mjs'
import { listTests } from './lists.mjs'
import { notificationTests } from './notifications.mjs'
import { offlineTests } from './offline.mjs'
import { originalTests } from './original.mjs'
import { paymentTests } from './payments.mjs'
import { recordTests } from './records.mjs'
import { sessionTests } from './session.mjs'
import { stepTests } from './steps.mjs'
import { townTests } from './town.mjs'
import { walkTests } from './type-walk.mjs'
import { typeTests } from './types.mjs'
import { wildlifeTests } from './wildlife.mjs'

const started = new Map()
let browser

const world = {
  /** The running demo of an example with these variables; started when the first test asks for it. */
  demo(example, variables = {}) {
    const key = example + JSON.stringify(variables)
    if (!started.has(key)) started.set(key, Demo.start(example, variables))
    return started.get(key)
  },
  browser() {
    browser ??= launch()
    return browser
  },
}

after(async () => {
  await (await browser)?.close()
  for (const demo of started.values()) await demo.then((running) => running.stop()).catch(() => {})
})

budgetTests(world)
townTests(world)
recordTests(world)
listTests(world)
largeTests(world)
exchangeTests(world)
fileTests(world)
limitedTests(world)
offlineTests(world)
sessionTests(world)
errorTests(world)
stepTests(world)
checklistTests(world)
administrationTests(world)
dashboardTests(world)
typeTests(world)
// Minutes of looking at every type in every way: `./dev test --with types`.
if (process.env.CIVIC_OS_E2E_WALK) walkTests(world)
notificationTests(world)
wildlifeTests(world)
paymentTests(world)
originalTests(world)
accessibilityTests(world)
