import t from 'tap'
import { EVENT_FAULTS } from '../../support/event-faults.ts'
import { testFaults } from '../../support/fault.ts'

testFaults(t, EVENT_FAULTS)
