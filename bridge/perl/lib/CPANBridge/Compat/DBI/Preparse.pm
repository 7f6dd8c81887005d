package CPANBridge::Compat::DBI::Preparse;

use strict;
use warnings;

use CPANBridge::Compat::DBI::Types;

our $VERSION = '0.1.0';

my %FLAG = map { /\ADBIpp_(.*)\z/ ? ( $1 => CPANBridge::Compat::DBI::Types->can($_)->() ) : () } @{ $CPANBridge::Compat::DBI::Types::TAGS{preparse_flags} };

# Comments: how one begins and ends, and what it is called; the first that fits counts.
my @COMMENTS = (
    { flag => 'cm_cs', begin => qr{/\*},       end => '*/', open => '/*',  close => '*/', name => 'bracketed C-style comment' },
    { flag => 'cm_br', begin => qr/\{/,        end => '}',  open => '{',   close => '}',  name => 'bracketed {...} comment' },
    { flag => 'cm_dw', begin => qr/--(?=\s)/, open => '-- ' },
    { flag => 'cm_dd', begin => qr/--/,       open => '--' },
    { flag => 'cm_hs', begin => qr/#/,        open => '#' },
);

my @PLACEHOLDERS = (
    { flag => 'ph_qm', is => qr/\?/,                             shown => '?' },
    { flag => 'ph_cn', is => qr/(?<![:\w]):(\d+)/,               shown => ':1' },
    { flag => 'ph_cs', is => qr/(?<![:\w]):([A-Za-z_]\w*)/,      shown => ':name' },
);

my %QUOTED = ( "'" => 'single-quoted string', '"' => 'double-quoted string' );

# Returns the statement with comments and placeholders in the styles that are wanted, and what is wrong with it. Where that
# makes it useless, the statement is undef.
sub preparse {
    my ( $statement, $wanted, $accepted ) = @_;
    my @comments     = grep { $accepted & $FLAG{ $_->{flag} } } @COMMENTS;
    my @placeholders = grep { $accepted & $FLAG{ $_->{flag} } } @PLACEHOLDERS;
    my ( $out, $style, $count ) = ( '', undef, 0 );
  PIECE: while ( ( pos($statement) || 0 ) < length $statement ) {
        if ( $statement =~ /\G(['"])/gc ) {
            my ( $quote, $at ) = ( $1, pos($statement) - 1 );
            my $inside = $accepted & $FLAG{st_bs} ? qr/(?:[^\\$quote]|\\.)*/s : qr/[^$quote]*/;
            return ( $out . substr( $statement, $at ), "unterminated $QUOTED{$quote}" ) if $statement !~ /\G$inside$quote/gc;
            $out .= substr $statement, $at, pos($statement) - $at;
            next;
        }
        for my $kind (@comments) {
            my $at = pos($statement) || 0;
            next if $statement !~ /\G$kind->{begin}/gc;
            my $text;
            if ( defined $kind->{end} ) {
                return ( $out . substr( $statement, $at ), "unterminated $kind->{name}" ) if $statement !~ /\G(.*?)\Q$kind->{end}\E/gcs;
                $text = $1;
            }
            else { $statement =~ /\G([^\n]*)/gc; $text = $1 }
            $out .= _comment( $kind, $text, $wanted );
            next PIECE;
        }
        for my $kind (@placeholders) {
            next if $statement !~ /\G$kind->{is}/gc;
            my $name = $1;
            return ( undef, "mixed placeholder styles ($kind->{shown} / $style->{shown})" ) if $style && $style != $kind;
            $style = $kind;
            $count++;
            return ( undef, "placeholder :$name out of sequence, expected :$count" ) if $kind->{flag} eq 'ph_cn' && $name != $count;
            $out .= _placeholder( $kind, $name, $count, $wanted );
            next PIECE;
        }
        $statement =~ /\G(.)/gcs;
        $out .= $1;
    }
    return $out;
}

# A comment in the style that is wanted: its own if that is among them. Without any, there is none.
sub _comment {
    my ( $kind, $text, $wanted ) = @_;
    my ($as) = $wanted & $FLAG{ $kind->{flag} } ? $kind : grep { $wanted & $FLAG{ $_->{flag} } } @COMMENTS;
    my $to_end_of_line = !defined $kind->{end};
    return $to_end_of_line ? '' : ' ' if !$as;
    if ( defined $as->{end} ) {

        # What ends such a comment can stand within one of another style.
        $text =~ s{\*/}{* /}g if $as->{flag} eq 'cm_cs';
        $text =~ tr/{}/()/ if $as->{flag} eq 'cm_br';
        return $as->{open} . $text . $as->{close};
    }
    $text =~ s/\A\s// if $as->{flag} eq 'cm_dw';

    # What had an end of its own must not swallow the rest of the line.
    return "$as->{open}$text" if $to_end_of_line;
    $text =~ s/\n/\n$as->{open}/g;
    return "$as->{open}$text\n";
}

sub _placeholder {
    my ( $kind, $name, $count, $wanted ) = @_;
    return
        $wanted & $FLAG{ph_qm} ? '?'
      : $wanted & $FLAG{ph_cn} ? ":p$count"
      : $wanted & $FLAG{ph_cs} ? $kind->{flag} eq 'ph_cs' ? ":$name" : ":p$count"
      : $wanted & $FLAG{ph_sp} ? '%s'
      : $kind->{flag} eq 'ph_qm' ? '?'
      :                            ":$name";
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Preparse - brings comments and placeholders of SQL into another style

=head1 DESCRIPTION

Used by the replacement of L<DBI> for the method C<preparse>, of which DBI's documentation does not tell; programs have no need of it.

    my $other = $dbh->preparse( $statement, $wanted, $accepted );

Both are sums of flags (the export tag C<:preparse_flags> of DBI): which styles the statement has, and which it is to have.
C<DBIpp_cm_cs> is C</* */>, C<cm_br> C<{ }>, C<cm_hs> C<#>, C<cm_dd> C<-->, C<cm_dw> C<--> and white space; C<ph_qm> is C<?>,
C<ph_cn> C<:1>, C<ph_cs> C<:name>, C<ph_sp> C<%s> (only wanted); C<st_bs> has a backslash protect what follows it in a string. What
stands in strings, and in comments of styles that the statement has, is left alone.

=head1 FUNCTIONS

=head2 preparse

=cut
