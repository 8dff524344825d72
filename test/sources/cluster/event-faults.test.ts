import t from 'tap'
import { EVENT_FAULTS } from '../../support/event-faults.ts'
import { playFaults } from '../../support/fault.ts'

playFaults(t, EVENT_FAULTS)
