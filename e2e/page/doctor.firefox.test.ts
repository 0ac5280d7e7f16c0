import { theReportIn } from './doctor.js';

theReportIn('Firefox');
