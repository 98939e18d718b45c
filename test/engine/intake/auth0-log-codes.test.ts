/** Which log codes can tell of a change. The codes are those that auth0.com/docs lists, and those that it used to list. */
import { describe, expect, it, test } from 'vitest';
import { isDocumented, isRoutine, LOG_CODES } from '../../../src/engine/intake/auth0-log-codes.ts';

const DOCUMENTED = `acls_summary actions_execution_failed acul_sdk_notice api_limit api_limit_warning appi
  ciba_exchange_failed ciba_exchange_succeeded ciba_start_failed ciba_start_succeeded cls
  connected_accounts_connection_failed connected_accounts_connection_succeeded connected_accounts_delete_failed
  connected_accounts_delete_succeeded cs custom_domain_verification_failed depnote directory_sync_completed
  directory_sync_failed directory_sync_started f failed_on_behalf_of_token_exchange fc fce fco fcoa fcp fcph fcpn fcpr
  fcpro fcu fd fdeac fdeaz fdecc fdu feacft feccft fecte fede federated_logout_failed fens feoobft feotpft fepft
  fepotpft fercft ferrt fertft feta fi flo flows_execution_completed flows_execution_failed fn forms_submission_failed
  forms_submission_succeeded fp fpar fpurh fs fsa fu fui fv fvr gd_auth_email_verification
  gd_auth_fail_email_verification gd_auth_failed gd_auth_rejected gd_auth_succeed gd_enrollment_complete
  gd_otp_rate_limit_exceed gd_recovery_failed gd_recovery_rate_limit_exceed gd_recovery_succeed gd_send_email
  gd_send_email_verification gd_send_email_verification_failure gd_send_pn gd_send_pn_failure gd_send_sms
  gd_send_sms_failure gd_send_voice gd_send_voice_failure gd_start_auth gd_start_enroll gd_start_enroll_failed
  gd_tenant_update gd_unenroll gd_update_device_account gd_webauthn_challenge_failed gd_webauthn_enrollment_failed
  idjag_exchange_failed idjag_exchange_succeeded jwt_bearer_exchange_failed kms_key_management_failure
  kms_key_management_success kms_key_state_changed limit_delegation limit_mu limit_sul limit_wc mfar mgmt_api_read
  my_account_authentication_method_failed my_account_authentication_method_succeeded oidc_backchannel_logout_failed
  oidc_backchannel_logout_succeeded organization_member_added passkey_challenge_failed passkey_challenge_started
  passkey_register_failed passkey_register_started pla pwd_leak reset_pwd_leak resource_cleanup
  rich_consents_access_error s sapi sce scoa scp scpn scpr scu scv sd sdu seacft seccft secte sede sens seoobft seotpft
  sepft sepkoobft sepkotpft sepkrcft sercft sertft seta si signup_pwd_leak slo srrt ss ss_sso_failure ss_sso_info
  ss_sso_success ssa sscim success_on_behalf_of_token_exchange sui sv svr too_many_records ublkdu
  universal_logout_failed universal_logout_succeeded w wn wum`.split(/\s+/);
const FORMERLY_DOCUMENTED = 'du fapi fscim limit_ui con coff admin_update_launch'.split(' ');

describe('the table of log codes', () => {
  test.each([...DOCUMENTED, ...FORMERLY_DOCUMENTED])('has %s', (code) => {
    expect(isDocumented(code)).toBe(true);
  });

  it('has each code once, and a reason for each', () => {
    const codes = LOG_CODES.flatMap((group) => group.codes);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
    expect(LOG_CODES.filter(({ why }) => why.length < 5)).toEqual([]);
  });

  test.each([
    ['ss', 'a sign-up'],
    ['sv', 'a verified address'],
    ['sce', 'a changed address'],
    ['scp', 'a password reset, which verifies the address'],
    ['sdu', 'a deletion'],
    ['du', 'a deletion of an older tenant'],
    ['sapi', 'a write of the Management API'],
    ['fapi', 'a write that may have failed late'],
    ['sscim', 'a write of a directory'],
    ['secte', 'an exchange whose Action may write the user'],
  ])('%s can tell of a change: %s', (code) => {
    expect(isRoutine(code)).toBe(false);
  });

  test.each(['s', 'sens', 'seacft', 'sertft', 'ssa', 'slo', 'fp', 'gd_auth_succeed', 'limit_wc', 'pwd_leak'])(
    '%s cannot',
    (code) => {
      expect(isRoutine(code)).toBe(true);
    },
  );

  test.each(['zz_future_code', 'S', '', 'constructor', '__proto__'])('%j is unknown, and so can', (code) => {
    expect(isDocumented(code)).toBe(false);
    expect(isRoutine(code)).toBe(false);
  });
});
