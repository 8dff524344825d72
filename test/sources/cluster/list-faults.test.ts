import t from 'tap'
import { testFaults } from '../../support/fault.ts'
import { LIST_FAULTS } from '../../support/list-faults.ts'

testFaults(t, LIST_FAULTS)
