import t from 'tap'
import { playFaults } from '../../support/fault.ts'
import { LIST_FAULTS } from '../../support/list-faults.ts'

playFaults(t, LIST_FAULTS)
