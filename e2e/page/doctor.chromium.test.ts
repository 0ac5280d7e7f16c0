import { theReportIn } from './doctor.js';

theReportIn('Chromium');
